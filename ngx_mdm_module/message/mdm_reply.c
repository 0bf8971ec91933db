
/*
 * The bodies of check-in answers.  Must never take a value from a request
 * back into an answer: callers hand over what was stored.
 */


#include "mdm_message.h"
#include "mdm_plist.h"


mdm_rc_e
mdm_reply_digest_challenge(mdm_arena_t *arena, mdm_str_t challenge,
    mdm_str_t *body)
{
    plist_t    root;
    mdm_rc_e   rc;
    mdm_str_t  text;

    *body = mdm_null_str;

    /* libplist wants the terminating NUL that an arena's copy has */

    text = mdm_str_is_set(challenge)
           ? mdm_arena_str(arena, challenge.data, challenge.len)
           : mdm_arena_str(arena, "", 0);

    if (!mdm_str_is_set(text)) {
        return MDM_NO_MEMORY;
    }

    root = plist_new_dict();
    plist_dict_set_item(root, "DigestChallenge",
                        plist_new_string((const char *) text.data));

    rc = mdm_plist_write(arena, root, body);

    mdm_plist_free(root);

    return rc;
}


mdm_rc_e
mdm_reply_bootstrap_token(mdm_arena_t *arena, mdm_str_t token,
    mdm_str_t *body)
{
    plist_t   root;
    mdm_rc_e  rc;

    root = plist_new_dict();

    if (token.len) {
        plist_dict_set_item(root, "BootstrapToken",
                            plist_new_data((const char *) token.data,
                                           token.len));
    }

    rc = mdm_plist_write(arena, root, body);

    mdm_plist_free(root);

    return rc;
}


mdm_rc_e
mdm_reply_return_to_service(mdm_arena_t *arena, bool enabled, mdm_str_t *body)
{
    plist_t   root, inner;
    mdm_rc_e  rc;

    root = plist_new_dict();
    inner = plist_new_dict();

    plist_dict_set_item(inner, "Enabled", plist_new_bool(enabled));
    plist_dict_set_item(root, "ReturnToService", inner);

    rc = mdm_plist_write(arena, root, body);

    mdm_plist_free(root);

    return rc;
}

/*
 * The login of a Mac's network user: UserAuthenticate, the answer to a
 * digest challenge, and the AuthToken that later messages carry.
 */

#include "sim.h"

#include <stdlib.h>
#include <string.h>


#define SIM_LOGIN_METHOD  "PUT"
#define SIM_LOGIN_URI     "/"


static void sim_login_challenged(sim_channel_t *ch, const char *challenge);
static char *sim_login_field(const char *challenge, const char *name);
static void sim_login_md5(char hex[33], const char *a, const char *b,
    const char *c);


int
sim_login_wanted(sim_channel_t *ch)
{
    return ch->user_id && ch->device->kind == SIM_KIND_MAC
           && ch->device->sim->options.network_user;
}


/* 200 to a UserAuthenticate: the user is in, is challenged, or is not in */

void
sim_login_answered(sim_channel_t *ch, const char *body, size_t len)
{
    char     *challenge, *token;
    plist_t   answer;

    answer = len ? sim_plist_parse(body, len) : NULL;
    challenge = sim_plist_string(answer, "DigestChallenge");
    token = sim_plist_string(answer, "AuthToken");
    plist_free(answer);

    if (ch->digest_response == NULL) {

        if (challenge == NULL) {
            sim_channel_failed(ch, "UserAuthenticate got no DigestChallenge");

        } else if (*challenge == '\0') {
            sim_channel_move(ch, SIM_CHANNEL_TOKEN);

        } else {
            sim_login_challenged(ch, challenge);
        }

    } else if (token == NULL || *token == '\0') {
        sim_channel_failed(ch, "the user's password was not accepted");

    } else {
        ch->auth_token = token;
        token = NULL;
        sim_channel_move(ch, SIM_CHANNEL_TOKEN);
    }

    free(challenge);
    free(token);
}


static void
sim_login_challenged(sim_channel_t *ch, const char *challenge)
{
    char         ha1[33], ha2[33], response[33], text[1024];
    char        *nonce, *realm;
    const char  *user;

    user = ch->user_short_name;
    nonce = sim_login_field(challenge, "nonce");
    realm = sim_login_field(challenge, "realm");

    if (nonce == NULL || realm == NULL) {
        sim_channel_failed(ch, "the DigestChallenge lacks nonce or realm");

    } else {
        sim_login_md5(ha1, user, realm, ch->device->sim->options.password);
        sim_login_md5(ha2, SIM_LOGIN_METHOD, SIM_LOGIN_URI, NULL);
        sim_login_md5(response, ha1, nonce, ha2);

        snprintf(text, sizeof(text), "Digest username=\"%s\",realm=\"%s\","
                 "nonce=\"%s\",uri=\"%s\",response=\"%s\"",
                 user, realm, nonce, SIM_LOGIN_URI, response);

        ch->digest_response = sim_copy(text);
        sim_channel_move(ch, SIM_CHANNEL_LOGIN);
    }

    free(nonce);
    free(realm);
}


/* the value of name="value" */

static char *
sim_login_field(const char *challenge, const char *name)
{
    size_t       len;
    const char  *p;

    len = strlen(name);

    for (p = strstr(challenge, name); p; p = strstr(p + len, name)) {

        if (p[len] == '=' && p[len + 1] == '"'
            && (p == challenge || p[-1] == ' ' || p[-1] == ','))
        {
            p += len + 2;
            return strndup(p, strcspn(p, "\""));
        }
    }

    return NULL;
}


static void
sim_login_md5(char hex[33], const char *a, const char *b, const char *c)
{
    int       i;
    char      text[1024];
    uint8_t   digest[16];

    i = snprintf(text, sizeof(text), c ? "%s:%s:%s" : "%s:%s", a, b, c);

    if (i >= (int) sizeof(text)) {
        i = sizeof(text) - 1;
    }

    EVP_Digest(text, (size_t) i, digest, NULL, EVP_md5(), NULL);

    for (i = 0; i < 16; i++) {
        snprintf(hex + i * 2, 3, "%02x", digest[i]);
    }
}

-- Lists of what devices have, item by item.

CREATE FUNCTION @revision@.inventory_apply(
    p_tenant_id      bigint,
    p_enrollment_id  bigint,
    p_command_uuid   text,
    p_lists          jsonb)
RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    c_most     CONSTANT integer := 20000;
    v_answer   record;
    v_told     record;
    v_known    record;
    v_older    boolean;
    v_changed  bigint;
    v_count    bigint;
    v_items    bigint;
BEGIN
    SELECT r.reported_at AS at, r.pushed_at AS asked_at, coalesce(c.part, true) AS part
      INTO v_answer
      FROM mdm.result r
      LEFT JOIN LATERAL (
           SELECT c.part
             FROM mdm.command c
            WHERE c.tenant_id = p_tenant_id
              AND c.command_id = r.command_id
              AND c.created_at = r.command_created_at
            LIMIT 1) c ON true
     WHERE r.tenant_id = p_tenant_id
       AND r.enrollment_id = p_enrollment_id
       AND r.command_uuid = p_command_uuid
       AND r.reported_at IS NOT NULL
       AND r.state <> 'UNASKED'
     ORDER BY r.finished_at DESC
     LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    FOR v_told IN SELECT j.key, j.value AS items,
                         CASE WHEN NOT v_answer.part
                              THEN sha256(convert_to(j.value::text, 'UTF8')) END AS digest
                    FROM jsonb_each(p_lists) AS j
    LOOP
        -- Most answers say what the one before said.
        UPDATE mdm.inventory_list l
           SET asked_at = v_answer.asked_at, whole_at = v_answer.asked_at,
               seen_at = greatest(l.seen_at, v_answer.at)
         WHERE l.tenant_id = p_tenant_id
           AND l.enrollment_id = p_enrollment_id
           AND l.list = v_told.key
           AND l.digest = v_told.digest
           AND l.asked_at <= v_answer.asked_at;
        CONTINUE WHEN FOUND;

        SELECT l.asked_at, l.whole_at, l.seen_at INTO v_known
          FROM mdm.inventory_list l
         WHERE l.tenant_id = p_tenant_id
           AND l.enrollment_id = p_enrollment_id
           AND l.list = v_told.key;
        CONTINUE WHEN v_answer.asked_at < v_known.whole_at;
        v_older := v_answer.asked_at < v_known.asked_at IS TRUE;

        -- Only what differs is written: an ON CONFLICT that decides not to has
        -- locked the row already, which is a write, too.
        INSERT INTO mdm.inventory_item AS i
               (tenant_id, enrollment_id, list, key, value, first_seen_at, changed_at,
                seen_at)
        SELECT p_tenant_id, p_enrollment_id, v_told.key, t.key, n.value, v_answer.at,
               v_answer.at, v_answer.at
          FROM jsonb_each(v_told.items) AS t
          LEFT JOIN LATERAL (
               SELECT o.value, o.gone_at, o.seen_at
                 FROM mdm.inventory_item o
                WHERE o.tenant_id = p_tenant_id
                  AND o.enrollment_id = p_enrollment_id
                  AND o.list = v_told.key
                  AND o.key = t.key COLLATE "C"
                LIMIT 1) o ON true
         CROSS JOIN LATERAL (
               SELECT CASE WHEN o.value IS NULL OR o.gone_at IS NOT NULL
                                OR NOT (v_older OR v_answer.part) THEN t.value
                           WHEN jsonb_typeof(o.value) <> 'object'
                                OR jsonb_typeof(t.value) <> 'object'
                           THEN CASE WHEN v_older THEN o.value ELSE t.value END
                           WHEN v_older THEN t.value || o.value
                           ELSE o.value || t.value END AS value) n
         WHERE o.value IS NULL
            OR o.gone_at IS NOT NULL
            OR n.value <> o.value
            OR (v_answer.part
                AND greatest(o.seen_at, v_known.seen_at) < v_answer.at - interval '1 hour')
         ORDER BY t.key COLLATE "C"
        ON CONFLICT (tenant_id, enrollment_id, list, key) DO UPDATE
           SET value = excluded.value,
               changed_at = CASE WHEN i.value <> excluded.value OR i.gone_at IS NOT NULL
                                 THEN excluded.changed_at ELSE i.changed_at END,
               seen_at = greatest(i.seen_at, excluded.seen_at), gone_at = NULL;
        GET DIAGNOSTICS v_changed = ROW_COUNT;

        IF NOT v_answer.part AND NOT v_older THEN
            UPDATE mdm.inventory_item i
               SET gone_at = v_answer.at, seen_at = greatest(i.seen_at, v_known.seen_at)
             WHERE i.tenant_id = p_tenant_id
               AND i.enrollment_id = p_enrollment_id
               AND i.list = v_told.key
               AND i.gone_at IS NULL
               AND NOT v_told.items ? i.key;
            GET DIAGNOSTICS v_count = ROW_COUNT;
            v_changed := v_changed + v_count;
        END IF;

        IF v_changed > 0 THEN
            SELECT count(*), count(*) FILTER (WHERE i.gone_at IS NULL)
              INTO v_count, v_items
              FROM mdm.inventory_item i
             WHERE i.tenant_id = p_tenant_id
               AND i.enrollment_id = p_enrollment_id
               AND i.list = v_told.key;

            IF v_count > c_most THEN
                DELETE FROM mdm.inventory_item i
                 WHERE i.tenant_id = p_tenant_id
                   AND i.ctid = ANY (ARRAY(
                       SELECT o.ctid
                         FROM mdm.inventory_item o
                        WHERE o.tenant_id = p_tenant_id
                          AND o.enrollment_id = p_enrollment_id
                          AND o.list = v_told.key
                        ORDER BY o.gone_at, o.seen_at, o.key
                        LIMIT v_count - c_most));
                v_items := least(v_items, c_most);
            END IF;
        END IF;

        INSERT INTO mdm.inventory_list AS l
               (tenant_id, enrollment_id, list, asked_at, whole_at, seen_at, changed_at,
                items, digest)
        VALUES (p_tenant_id, p_enrollment_id, v_told.key, v_answer.asked_at,
                CASE WHEN NOT v_answer.part THEN v_answer.asked_at END,
                CASE WHEN NOT v_answer.part THEN v_answer.at END, v_answer.at,
                coalesce(v_items, 0), CASE WHEN NOT v_older THEN v_told.digest END)
        ON CONFLICT (tenant_id, enrollment_id, list) DO UPDATE
           SET asked_at = greatest(l.asked_at, excluded.asked_at),
               whole_at = coalesce(excluded.whole_at, l.whole_at),
               seen_at = greatest(l.seen_at, excluded.seen_at),
               changed_at = CASE WHEN v_changed > 0
                                 THEN greatest(l.changed_at, excluded.changed_at)
                                 ELSE l.changed_at END,
               items = CASE WHEN v_changed > 0 THEN excluded.items ELSE l.items END,
               digest = excluded.digest;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @revision@.inventory_apply IS
'Brings the lists of a channel up to date with the answer to a command, whose row in
result is written. p_lists: by name, each an object of key and value. What differs is
written, and one row of each list. Items that an answer does not name are gone, unless
its command asked for a part, or is there no more; a part adds items, and members to
values. An answer is as old as the last delivery of its command: one that is older than
the newest whole answer is passed over, and one that is older than a newer part only
adds what is not known. The caller holds the channel''s advisory lock.';

CREATE FUNCTION @revision@.inventory_drop(p_tenant_id bigint, p_enrollment_id bigint)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM mdm.inventory_item i
     WHERE i.tenant_id = p_tenant_id AND i.enrollment_id = p_enrollment_id;
    DELETE FROM mdm.inventory_list l
     WHERE l.tenant_id = p_tenant_id AND l.enrollment_id = p_enrollment_id;
END
$$;

COMMENT ON FUNCTION @revision@.inventory_drop IS
'Forgets all lists of a channel, which is closed or enrolled anew.';

CREATE FUNCTION @revision@.inventory_lists(
    p_tenant_id  bigint,
    p_device_id  text,
    p_user_id    text,
    p_after      text,
    p_limit      integer)
RETURNS TABLE (list text, count integer, seen_at text, changed_at text, "cursor" text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_after  text := coalesce(p_after, '');
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    RETURN QUERY
    SELECT l.list::text, l.items, @revision@.rfc3339(l.seen_at),
           @revision@.rfc3339(l.changed_at), l.list::text
      FROM mdm.enrollment e
     CROSS JOIN LATERAL (
           SELECT *
             FROM mdm.inventory_list l
            WHERE l.tenant_id = p_tenant_id
              AND l.enrollment_id = e.enrollment_id
              AND l.list > v_after
            ORDER BY l.list
            LIMIT p_limit) l
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id
     ORDER BY l.list;
END
$$;

COMMENT ON FUNCTION @revision@.inventory_lists IS
'The lists of a channel behind p_after, in the order of names. count: how many items
are there; seen_at: when an answer that was no part last came, null when none did.';

CREATE FUNCTION @revision@.inventory_items(
    p_tenant_id  bigint,
    p_device_id  text,
    p_user_id    text,
    p_after      text,
    p_limit      integer,
    p_list       text,
    p_gone       boolean)
RETURNS TABLE (key text, value jsonb, first_seen_at text, changed_at text, seen_at text,
               gone_at text, "cursor" text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_after  text := coalesce(p_after, '');
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    RETURN QUERY
    SELECT i.key::text, i.value, @revision@.rfc3339(i.first_seen_at),
           @revision@.rfc3339(i.changed_at),
           @revision@.rfc3339(CASE WHEN i.gone_at IS NULL
                                   THEN greatest(i.seen_at, l.seen_at)
                                   ELSE i.seen_at END),
           @revision@.rfc3339(i.gone_at), i.key::text
      FROM mdm.enrollment e
     CROSS JOIN LATERAL (
           SELECT l.seen_at
             FROM mdm.inventory_list l
            WHERE l.tenant_id = p_tenant_id
              AND l.enrollment_id = e.enrollment_id
              AND l.list = p_list
            LIMIT 1) l
     CROSS JOIN LATERAL (
           SELECT *
             FROM mdm.inventory_item i
            WHERE i.tenant_id = p_tenant_id
              AND i.enrollment_id = e.enrollment_id
              AND i.list = p_list
              AND i.key > v_after
              AND (i.gone_at IS NULL OR p_gone)
            ORDER BY i.key
            LIMIT p_limit) i
     WHERE e.tenant_id = p_tenant_id
       AND e.device_id = p_device_id
       AND e.user_id = p_user_id
     ORDER BY i.key;
END
$$;

COMMENT ON FUNCTION @revision@.inventory_items IS
'The items of one list of a channel behind p_after, in the order of keys; with p_gone
also those that are gone, which have gone_at.';

CREATE FUNCTION @revision@.inventory_search(
    p_tenant_id  bigint,
    p_after      text,
    p_limit      integer,
    p_list       text,
    p_item       text)
RETURNS TABLE (enrollment text, key text, value jsonb, first_seen_at text,
               changed_at text, seen_at text, "cursor" text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_from   text := regexp_replace(coalesce(p_item, '*'), '\*$', '');
    v_to     text := v_from;
    v_after  text[] := string_to_array(p_after, chr(10));
    v_id     bigint := coalesce(v_after[1]::bigint, 0);
    v_key    text := coalesce(v_after[2], '');
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    -- What begins with a prefix lies between it and the last character that Unicode
    -- has, which nobody writes.
    IF coalesce(p_item, '*') LIKE '%*' THEN
        v_to := v_from || repeat(chr(1114111), 64);
    END IF;

    RETURN QUERY
    SELECT @revision@.written_id(e.device_id, e.user_id), i.key::text, i.value,
           @revision@.rfc3339(i.first_seen_at), @revision@.rfc3339(i.changed_at),
           @revision@.rfc3339(greatest(i.seen_at, l.seen_at)),
           i.enrollment_id || chr(10) || i.key
      FROM (SELECT *
              FROM mdm.inventory_item i
             WHERE i.tenant_id = p_tenant_id
               AND i.list = p_list
               AND i.gone_at IS NULL
               AND i.key >= v_from
               AND i.key <= v_to
               AND (i.key, i.enrollment_id) > (v_key, v_id)
             ORDER BY i.key, i.enrollment_id
             LIMIT p_limit) i
     CROSS JOIN LATERAL (
           SELECT e.device_id, e.user_id
             FROM mdm.enrollment e
            WHERE e.tenant_id = p_tenant_id AND e.enrollment_id = i.enrollment_id
            LIMIT 1) e
     CROSS JOIN LATERAL (
           SELECT l.seen_at
             FROM mdm.inventory_list l
            WHERE l.tenant_id = p_tenant_id
              AND l.enrollment_id = i.enrollment_id
              AND l.list = p_list
            LIMIT 1) l
     ORDER BY i.key, i.enrollment_id;
END
$$;

COMMENT ON FUNCTION @revision@.inventory_search IS
'Which channels have an item in their list of this name, in the order of keys, behind
p_after. p_item: a key, or its beginning and "*"; null: any.';

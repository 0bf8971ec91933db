-- What the API lists of enrolments. Times are text, RFC 3339 in UTC with
-- milliseconds.

CREATE FUNCTION @revision@.rfc3339(p_time timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

COMMENT ON FUNCTION @revision@.rfc3339 IS
'A time as the API writes it; null stays null.';

CREATE FUNCTION @revision@.is_dormant(p_channel text, p_last timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN p_channel IN ('user', 'shared_user', 'enrollment_user')
       AND coalesce(p_last < now() - interval '1 day', true);

COMMENT ON FUNCTION @revision@.is_dormant IS
'Does this channel wait for its user to log in? A user''s channel is silent while
nobody is logged in, so a day without contact is no fault. p_last: last contact.';

CREATE TYPE @revision@.enrollment_item AS (
    id                      text,
    device_id               text,
    user_id                 text,
    channel                 text,
    ownership               text,
    supervised              boolean,
    state                   text,
    generation              integer,
    serial                  text,
    os_version              text,
    model                   text,
    enrolled_at             text,
    seen_at                 text,
    last_error              text,
    last_error_at           text,
    topic                   text,
    user_short_name         text,
    user_long_name          text,
    awaiting_configuration  boolean,
    pending                 text,
    pending_since           text,
    dormant                 boolean,
    rolled_back_at          text,
    closed_at               text,
    close_reason            text,
    cursor                  text);

COMMENT ON TYPE @revision@.enrollment_item IS
'One row of enrollments(). id: as it is written in paths; last_error: of the last
30 days; dormant: a user''s channel that waits for a login; pending: null,
"enrolling", "enrolling, stuck" after 15 minutes, or "renewing".';

CREATE FUNCTION @revision@.enrollment_items(
    p_tenant_id       bigint,
    p_enrollment_ids  bigint[],
    p_cursors         text[])
RETURNS SETOF @revision@.enrollment_item
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT @revision@.written_id(e.device_id, e.user_id),
           e.device_id, e.user_id, e.channel, e.ownership, e.supervised, e.state,
           e.generation, a.serial, a.os_version, a.model,
           @revision@.rfc3339(e.enrolled_at), @revision@.rfc3339(s.seen_at),
           r.reason, @revision@.rfc3339(r.reported_at),
           e.topic, e.user_short_name, e.user_long_name, e.awaiting_configuration,
           CASE WHEN e.pending_since < now() - interval '15 minutes'
                     AND e.pending_kind = 'new' THEN 'enrolling, stuck'
                WHEN e.pending_kind = 'new' THEN 'enrolling'
                WHEN e.pending_kind = 'renewal' THEN 'renewing' END,
           @revision@.rfc3339(e.pending_since),
           e.state = 'live'
               AND @revision@.is_dormant(e.channel, greatest(s.seen_at, e.token_at)),
           @revision@.rfc3339(e.rolled_back_at),
           @revision@.rfc3339(e.closed_at), e.close_reason, m.cursor
      FROM unnest(p_enrollment_ids, p_cursors) WITH ORDINALITY
           AS m (enrollment_id, cursor, place)
      LEFT JOIN LATERAL (
           SELECT *
             FROM mdm.enrollment e
            WHERE e.tenant_id = p_tenant_id AND e.enrollment_id = m.enrollment_id
            LIMIT 1) e ON true
      LEFT JOIN LATERAL (
           SELECT s.seen_at
             FROM mdm.enrollment_seen s
            WHERE s.tenant_id = p_tenant_id AND s.enrollment_id = m.enrollment_id
            LIMIT 1) s ON true
      LEFT JOIN LATERAL (
           SELECT max(a.value_text) FILTER (WHERE a.name = 'SerialNumber') AS serial,
                  max(a.value_text) FILTER (WHERE a.name = 'OSVersion') AS os_version,
                  coalesce(max(a.value_text) FILTER (WHERE a.name = 'ProductName'),
                           max(a.value_text) FILTER (WHERE a.name = 'Model')) AS model
             FROM mdm.attribute a
            WHERE a.tenant_id = p_tenant_id
              AND a.enrollment_id = m.enrollment_id
              AND a.name IN ('SerialNumber', 'OSVersion', 'ProductName', 'Model')) a
             ON true
      LEFT JOIN LATERAL (
           SELECT r.reason, coalesce(r.reported_at, r.finished_at) AS reported_at
             FROM mdm.result r
            WHERE r.tenant_id = p_tenant_id
              AND r.enrollment_id = m.enrollment_id
              AND r.state = 'ERROR'
              AND r.finished_at BETWEEN now() - interval '30 days' AND now()
            ORDER BY r.finished_at DESC
            LIMIT 1) r ON true
     ORDER BY m.place;
END
$$;

COMMENT ON FUNCTION @revision@.enrollment_items IS
'These channels as they are listed, in the given order, each with its cursor. An id
that is null gives a row of nulls and its cursor. The caller has set the tenant.';

CREATE FUNCTION @revision@.enrollments(
    p_tenant_id    bigint,
    p_after        text,
    p_limit        integer,
    p_channel      text DEFAULT NULL,
    p_ownership    text DEFAULT NULL,
    p_state        text DEFAULT NULL,
    p_supervised   boolean DEFAULT NULL,
    p_seen_after   bigint DEFAULT NULL,
    p_seen_before  bigint DEFAULT NULL,
    p_user         text DEFAULT NULL,
    p_serial       text DEFAULT NULL,
    p_names        text[] DEFAULT '{}',
    p_values       text[] DEFAULT '{}',
    p_times        bigint[] DEFAULT '{}')
RETURNS SETOF @revision@.enrollment_item
LANGUAGE plpgsql STABLE AS $$
DECLARE
    c_examined   CONSTANT integer := 10000;
    -- Stands for a value that is no text: behind all that are.
    c_typed      CONSTANT text := chr(1114111);
    -- A cursor has no line feed inside a field; order is all that matters here.
    v_value      text := translate(split_part(p_after, chr(10), 1), chr(1), chr(10));
    v_device_id  text := split_part(p_after, chr(10), 2);
    v_user_id    text := split_part(p_after, chr(10), 3);
    v_after_id   bigint;
    v_names      text[] := p_names;
    v_values     text[] := p_values;
    v_from       text[];
    v_to         text[];
    v_numbers    float8[];
    v_times      timestamptz[];
    v_by         integer;
    v_column     text;
    v_user_from  text;
    v_user_to    text;
    v_scan       refcursor;
    v_row        record;
    v_fits       boolean;
    v_examined   integer := 0;
    v_cursor     text;
    v_ids        bigint[] := '{}';
    v_cursors    text[] := '{}';
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    IF p_serial IS NOT NULL THEN
        v_names := 'SerialNumber'::text || v_names;
        v_values := p_serial || v_values;
        v_times := ARRAY[NULL::timestamptz];
    END IF;
    v_times := v_times || ARRAY(
        SELECT to_timestamp(0) + t.micros * interval '1 microsecond'
          FROM unnest(p_times) WITH ORDINALITY AS t (micros, n)
         ORDER BY t.n);

    -- What begins with a prefix lies between it and the last character that
    -- Unicode has, which nobody writes.
    FOR i IN 1 .. cardinality(v_names) LOOP
        v_from[i] := regexp_replace(v_values[i], '\*$', '');
        v_to[i] := v_from[i]
            || CASE WHEN v_from[i] <> v_values[i] THEN chr(1114111) ELSE '' END;
        IF v_values[i] ~ '^-?[0-9]{1,100}(\.[0-9]{1,100})?([eE][+-]?[0-9]{1,2})?$' THEN
            v_numbers[i] := v_values[i]::float8;
        END IF;
        IF v_by IS NULL
           OR v_values[v_by] IN ('true', 'false') AND v_values[i] NOT IN ('true', 'false')
        THEN
            v_by := i;
        END IF;
    END LOOP;
    v_user_from := regexp_replace(p_user, '\*$', '');
    v_user_to := v_user_from
        || CASE WHEN v_user_from <> p_user THEN chr(1114111) ELSE '' END;

    -- A join by LATERAL and LIMIT is done row by row in the scan's order, whatever
    -- the statistics say.
    IF v_by IS NOT NULL THEN
        SELECT e.enrollment_id INTO v_after_id
          FROM mdm.enrollment e
         WHERE e.tenant_id = p_tenant_id
           AND e.device_id = v_device_id
           AND e.user_id = v_user_id;
        -- Here, because COALESCE in it would keep a condition out of the index.
        v_after_id := coalesce(v_after_id, 0);
        v_column := CASE WHEN v_numbers[v_by] IS NOT NULL THEN 'float'
                         WHEN v_times[v_by] IS NOT NULL THEN 'time'
                         WHEN v_values[v_by] IN ('true', 'false') THEN 'boolean' END;

        OPEN v_scan FOR
        SELECT e.enrollment_id, e.device_id, e.user_id, e.channel, e.ownership, e.state,
               e.supervised, e.user_short_name, s.seen_at, a.value_text AS value
          FROM (SELECT a.value_text, a.enrollment_id
                  FROM mdm.attribute a
                 WHERE a.tenant_id = p_tenant_id
                   AND a.name = v_names[v_by]
                   AND a.value_text IS NOT NULL
                   AND octet_length(a.value_text) <= 512
                   AND a.value_text >= v_from[v_by]
                   AND a.value_text <= v_to[v_by]
                   AND (a.value_text, a.enrollment_id)
                       > (v_value, v_after_id)
                 ORDER BY a.value_text, a.enrollment_id
                 LIMIT c_examined) a
         CROSS JOIN LATERAL (
               SELECT *
                 FROM mdm.enrollment e
                WHERE e.tenant_id = p_tenant_id AND e.enrollment_id = a.enrollment_id
                LIMIT 1) e
          LEFT JOIN LATERAL (
               SELECT s.seen_at
                 FROM mdm.enrollment_seen s
                WHERE s.tenant_id = p_tenant_id AND s.enrollment_id = a.enrollment_id
                LIMIT 1) s ON true
         ORDER BY a.value_text, a.enrollment_id;
    ELSIF p_user IS NOT NULL THEN
        OPEN v_scan FOR
        SELECT e.*, s.seen_at, e.user_short_name AS value
          FROM (SELECT e.enrollment_id, e.device_id, e.user_id, e.channel, e.ownership,
                       e.state, e.supervised,
                       e.user_short_name COLLATE "C" AS user_short_name
                  FROM mdm.enrollment e
                 WHERE e.tenant_id = p_tenant_id
                   AND e.user_short_name COLLATE "C" >= v_user_from
                   AND e.user_short_name COLLATE "C" <= v_user_to
                   AND (e.user_short_name COLLATE "C", e.device_id, e.user_id)
                       > (v_value, v_device_id, v_user_id)
                 ORDER BY e.user_short_name COLLATE "C", e.device_id, e.user_id
                 LIMIT c_examined) e
          LEFT JOIN LATERAL (
               SELECT s.seen_at
                 FROM mdm.enrollment_seen s
                WHERE s.tenant_id = p_tenant_id AND s.enrollment_id = e.enrollment_id
                LIMIT 1) s ON true
         ORDER BY e.user_short_name, e.device_id, e.user_id;
    ELSE
        OPEN v_scan FOR
        SELECT e.*, s.seen_at, '' AS value
          FROM (SELECT e.enrollment_id, e.device_id, e.user_id, e.channel, e.ownership,
                       e.state, e.supervised, e.user_short_name
                  FROM mdm.enrollment e
                 WHERE e.tenant_id = p_tenant_id
                   AND (e.device_id, e.user_id) > (v_device_id, v_user_id)
                 ORDER BY e.device_id, e.user_id
                 LIMIT c_examined) e
          LEFT JOIN LATERAL (
               SELECT s.seen_at
                 FROM mdm.enrollment_seen s
                WHERE s.tenant_id = p_tenant_id AND s.enrollment_id = e.enrollment_id
                LIMIT 1) s ON true
         ORDER BY e.device_id, e.user_id;
    END IF;

    LOOP
        FETCH v_scan INTO v_row;

        -- Behind the texts come those of the type as which the value reads, by that
        -- type's index. It is a range, for what is equal would be sought by another.
        IF NOT FOUND AND v_column IS NOT NULL AND v_examined < c_examined THEN
            CLOSE v_scan;
            OPEN v_scan FOR EXECUTE format(
                'SELECT e.enrollment_id, e.device_id, e.user_id, e.channel, e.ownership,'
                '       e.state, e.supervised, e.user_short_name, s.seen_at, $1 AS value'
                '  FROM (SELECT a.%1$I, a.enrollment_id'
                '          FROM mdm.attribute a'
                '         WHERE a.tenant_id = $2'
                '           AND a.name = $3'
                '           AND a.%1$I >= %2$s'
                '           AND a.%1$I <= %2$s'
                '           AND (a.%1$I, a.enrollment_id) > (%2$s, $5)'
                '         ORDER BY a.%1$I, a.enrollment_id'
                '         LIMIT $6) a'
                ' CROSS JOIN LATERAL ('
                '       SELECT *'
                '         FROM mdm.enrollment e'
                '        WHERE e.tenant_id = $2 AND e.enrollment_id = a.enrollment_id'
                '        LIMIT 1) e'
                '  LEFT JOIN LATERAL ('
                '       SELECT s.seen_at'
                '         FROM mdm.enrollment_seen s'
                '        WHERE s.tenant_id = $2 AND s.enrollment_id = a.enrollment_id'
                '        LIMIT 1) s ON true'
                ' ORDER BY a.%1$I, a.enrollment_id', 'value_' || v_column,
                CASE v_column WHEN 'float' THEN '$4' WHEN 'time' THEN '$7' ELSE '$8' END)
            USING c_typed, p_tenant_id, v_names[v_by], v_numbers[v_by],
                  CASE v_value WHEN c_typed THEN v_after_id ELSE 0 END, c_examined,
                  v_times[v_by], v_values[v_by] = 'true';
            v_column := NULL;
            FETCH v_scan INTO v_row;
        END IF;

        EXIT WHEN NOT FOUND;
        v_examined := v_examined + 1;

        v_fits := (p_channel IS NULL OR v_row.channel = p_channel)
            AND (p_ownership IS NULL OR v_row.ownership = p_ownership)
            AND (p_state IS NULL OR v_row.state = p_state)
            AND (p_supervised IS NULL OR v_row.supervised IS NOT DISTINCT FROM p_supervised)
            AND (p_seen_after IS NULL OR coalesce(
                 @revision@.micros(v_row.seen_at) >= p_seen_after, false))
            AND (p_seen_before IS NULL OR coalesce(
                 @revision@.micros(v_row.seen_at) < p_seen_before, true))
            AND (p_user IS NULL OR coalesce(
                 v_row.user_short_name COLLATE "C" BETWEEN v_user_from AND v_user_to,
                 false));

        FOR i IN 1 .. cardinality(v_names) LOOP
            EXIT WHEN NOT v_fits;
            CONTINUE WHEN i = v_by;
            v_fits := EXISTS (
                SELECT FROM mdm.attribute a
                 WHERE a.tenant_id = p_tenant_id
                   AND a.enrollment_id = v_row.enrollment_id
                   AND a.name = v_names[i]
                   AND (a.value_text BETWEEN v_from[i] AND v_to[i]
                        OR a.value_float = v_numbers[i]
                        OR a.value_boolean::text = v_values[i]
                        OR a.value_time = v_times[i]));
        END LOOP;

        CONTINUE WHEN NOT v_fits AND v_examined < c_examined;

        v_cursor := translate(v_row.value, chr(10), chr(1)) || chr(10)
                    || v_row.device_id || chr(10) || v_row.user_id;
        IF v_fits THEN
            v_ids := v_ids || v_row.enrollment_id::bigint;
            v_cursors := v_cursors || v_cursor;
        END IF;
        EXIT WHEN cardinality(v_ids) = p_limit;

        IF v_examined = c_examined THEN
            v_ids := v_ids || NULL::bigint;
            v_cursors := v_cursors || v_cursor;
            EXIT;
        END IF;
    END LOOP;
    CLOSE v_scan;

    RETURN QUERY SELECT * FROM @revision@.enrollment_items(p_tenant_id, v_ids, v_cursors);
END
$$;

COMMENT ON FUNCTION @revision@.enrollments IS
'A page of the channels of a tenant that fit all filters; a null filters nothing.
p_after: the cursor of the last row shown, or empty. p_seen_after, p_seen_before:
microseconds since 1970, never seen is before. p_user, p_serial, p_values: exact, or
a prefix with * at its end; what reads as a number or boolean means those, too, and so
do p_times: each value in microseconds since 1970, null when it is no time. Order: by
value where p_serial or p_names are given, what is no text last; by short name where
p_user is, else by (device_id, user_id). At most 10000 channels are examined: when they were not enough,
the last row has no id, and its cursor tells where to go on.';

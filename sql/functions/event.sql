-- Events: what happened, written with it and read in the order of commits.

CREATE FUNCTION @revision@.message_event(
    p_tenant_id      bigint,
    p_type           text,
    p_enrollment_id  bigint,
    p_device_id      text,
    p_user_id        text,
    p_message_type   text,
    p_message        bytea,
    p_url_params     text,
    p_data           jsonb)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mdm.event (tenant_id, type, enrollment_id, data, payload)
    VALUES (p_tenant_id, p_type, p_enrollment_id,
            jsonb_strip_nulls(jsonb_build_object(
                'device_id', p_device_id, 'user_id', p_user_id,
                'message', p_message_type, 'url_params', p_url_params::jsonb)) || p_data,
            p_message);
END
$$;

COMMENT ON FUNCTION @revision@.message_event IS
'Writes the event of a message that was accepted. p_message_type: Apple''s name of
it; p_message: the message as it came, sealed as a "message" of the written id of
its sender, or null; p_url_params: the arguments of its URL, a JSON object, or null;
p_data: what the event tells besides.';

CREATE FUNCTION @revision@.events(
    p_tenant_id  bigint,
    p_after      text,
    p_limit      integer,
    p_types      text[],
    p_device_id  text,
    p_user_id    text)
RETURNS TABLE (
    cursor      text,
    type        text,
    enrollment  text,
    at          text,
    data        jsonb,
    more        boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    c_scan    CONSTANT integer := 5000;
    v_part    text[] := string_to_array(p_after, chr(10));
    v_xmin    xid8 := pg_snapshot_xmin(pg_current_snapshot());
    v_end     text := v_xmin::text || chr(10) || 0 || chr(10)
                      || @revision@.micros(now());
    v_xid     xid8 := '0';
    v_id      bigint := 0;
    v_from    timestamptz := '-infinity';
    v_event   record;
    v_seen    integer := 0;
    v_found   integer := 0;
BEGIN
    PERFORM set_config('mdm.tenant', p_tenant_id::text, true);

    IF p_after = 'now' THEN
        v_xid := v_xmin;
    ELSIF p_after <> '' THEN
        v_xid := v_part[1]::xid8;
        v_id := v_part[2]::bigint;
        v_from := to_timestamp(0) + v_part[3]::bigint * interval '1 microsecond'
                  - interval '1 day';
    END IF;

    -- Asked for one more than it looks at, so that the end is known as such.
    FOR v_event IN
        SELECT e.xid, e.event_id, e.type, e.at, e.data
          FROM mdm.event e
         WHERE e.tenant_id = p_tenant_id
           AND (e.xid, e.event_id) > (v_xid, v_id)
           AND e.xid < v_xmin
           AND e.at BETWEEN v_from AND now() + interval '1 day'
         ORDER BY e.xid, e.event_id
         LIMIT least(c_scan, CASE WHEN p_types IS NULL AND p_device_id IS NULL
                                  THEN p_limit ELSE c_scan END) + 1
    LOOP
        more := v_seen = c_scan OR v_found = p_limit;
        EXIT WHEN more;
        v_seen := v_seen + 1;
        cursor := v_event.xid::text || chr(10) || v_event.event_id || chr(10)
                  || @revision@.micros(v_event.at);

        -- Some events are of no enrolment: their data has no ids.
        CONTINUE WHEN v_event.type <> ALL (p_types)
                   OR (p_device_id IS NOT NULL
                       AND (v_event.data ->> 'device_id', v_event.data ->> 'user_id')
                           IS DISTINCT FROM (p_device_id, p_user_id));
        v_found := v_found + 1;
        type := v_event.type;
        enrollment := @revision@.written_id(nullif(v_event.data ->> 'device_id', ''),
                                            coalesce(v_event.data ->> 'user_id', ''));
        at := @revision@.rfc3339(v_event.at);
        data := v_event.data;
        RETURN NEXT;
    END LOOP;

    -- Where to go on: behind what was looked at, or at the end.
    more := coalesce(more, false);
    cursor := CASE WHEN more THEN cursor ELSE v_end END;
    type := NULL;
    enrollment := NULL;
    at := NULL;
    data := NULL;
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION @revision@.events IS
'Events in the order of commits, from p_after on (a cursor of this function, empty
for the oldest kept, "now" for none of those that there are), at most p_limit.
p_types, p_device_id and p_user_id: only such, or null. Looks at 5000 events in one
call. The last row is no event: its cursor is where to go on, and more tells
whether there may be more at once. What a transaction that is still open wrote, and
what was written after it began, comes when it has ended. A cursor holds xid,
event_id and the time of an event, which keeps old partitions out of sight: a
transaction of more than a day would lose its events. One of a time to come, from
before the database was restored from a backup, goes on at the end.';

-- Weekly partitions of command, result and event.

CREATE FUNCTION mdm.partition_ahead() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_table    text;
    v_week     timestamptz;
    v_name     text;
    v_created  integer := 0;
BEGIN
    -- Two at once would both try to create the same table.
    PERFORM pg_advisory_xact_lock(hashtextextended('mdm.partition_ahead', 0));

    FOREACH v_table IN ARRAY ARRAY['command', 'result', 'event'] LOOP
        FOR v_week IN
            SELECT (date_trunc('week', now() AT TIME ZONE 'UTC')
                    + i * interval '1 week') AT TIME ZONE 'UTC'
              FROM generate_series(0, 8) AS i
        LOOP
            v_name := v_table || '_' || to_char(v_week AT TIME ZONE 'UTC', 'YYYYMMDD');
            CONTINUE WHEN to_regclass('mdm.' || v_name) IS NOT NULL;

            -- Made beside the parent and then attached: that takes a weaker
            -- lock than PARTITION OF and never holds up a request.
            EXECUTE format(
                'CREATE TABLE mdm.%I (LIKE mdm.%I INCLUDING ALL EXCLUDING IDENTITY) '
                'WITH (toast_tuple_target = 4080)', v_name, v_table);
            EXECUTE format('ALTER TABLE mdm.%I ENABLE ROW LEVEL SECURITY', v_name);
            EXECUTE format('ALTER TABLE mdm.%I FORCE ROW LEVEL SECURITY', v_name);
            EXECUTE format(
                'ALTER TABLE mdm.%I ATTACH PARTITION mdm.%I FOR VALUES FROM (%L) TO (%L)',
                v_table, v_name, v_week,
                (v_week AT TIME ZONE 'UTC' + interval '1 week') AT TIME ZONE 'UTC');
            EXECUTE format('COMMENT ON TABLE mdm.%I IS %L', v_name,
                format('%s, the week from %s UTC; read through %s only.', v_table,
                       to_char(v_week AT TIME ZONE 'UTC', 'YYYY-MM-DD'), v_table));
            v_created := v_created + 1;
        END LOOP;
    END LOOP;

    RETURN v_created;
END
$$;

COMMENT ON FUNCTION mdm.partition_ahead() IS
'Creates the partitions of this week and of the eight after it where they lack;
returns how many. Called by migrate and by the job. There is no DEFAULT
partition: it would hide that this was not called. The only SECURITY DEFINER
function; it takes no argument. A partition has no policy of its own, so nobody
reads it but through its parent.';

REVOKE ALL ON FUNCTION mdm.partition_ahead() FROM PUBLIC;

SELECT mdm.partition_ahead();

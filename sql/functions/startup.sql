-- What a worker asks on each new connection.

CREATE FUNCTION @revision@.startup(p_revision integer)
RETURNS TABLE (schema_version integer, oldest_revision integer,
               key_id bytea, check_value bytea)
LANGUAGE plpgsql STABLE ROWS 2 AS $$
#variable_conflict use_column
BEGIN
    IF p_revision <> substr('@revision@', 6)::integer THEN
        RAISE EXCEPTION 'the functions of @revision@ were asked to serve revision %',
            p_revision;
    END IF;

    RETURN QUERY
    SELECT v.version, v.oldest_revision, k.key_id, k.check_value
      FROM (SELECT * FROM mdm.schema_version ORDER BY version DESC LIMIT 1) v
      LEFT JOIN mdm.secret_key k ON k.retired_at IS NULL
     ORDER BY k.key_id;
END
$$;

COMMENT ON FUNCTION @revision@.startup IS
'A row for each secret key in use, with its check value; one row with nulls when
there is none. In each the newest migration and the oldest revision that may serve
with it: a module whose revision is older than oldest_revision must not serve.';

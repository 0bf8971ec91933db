-- History and outboxes: what became of commands, what others are to be told,
-- and who did what.

CREATE TABLE mdm.result (
    tenant_id           bigint NOT NULL,
    enrollment_id       bigint NOT NULL,
    generation          integer NOT NULL,
    command_id          bigint,
    command_created_at  timestamptz,
    command_uuid        text COLLATE "C" NOT NULL,
    request_type        text,
    from_state          text,
    state               text NOT NULL CHECK (state IN
                        ('ACKNOWLEDGED', 'ERROR', 'EXPIRED', 'CANCELLED', 'UNASKED')),
    reason              text,
    report              bytea,
    renewal             boolean NOT NULL DEFAULT false,
    delivered_count     integer NOT NULL DEFAULT 0,
    queued_at           timestamptz,
    sent_at             timestamptz,
    pushed_at           timestamptz,
    notnow_at           timestamptz,
    finished_at         timestamptz NOT NULL,
    reported_at         timestamptz,
    PRIMARY KEY (tenant_id, enrollment_id, command_uuid, finished_at)
) PARTITION BY RANGE (finished_at);
ALTER TABLE mdm.result ALTER COLUMN report SET STORAGE EXTERNAL;

CREATE INDEX result_finished ON mdm.result (tenant_id, enrollment_id, finished_at);
CREATE INDEX result_error ON mdm.result (tenant_id, enrollment_id, finished_at)
    WHERE state = 'ERROR';
CREATE INDEX result_unasked ON mdm.result (tenant_id, enrollment_id)
    WHERE state = 'UNASKED';
CREATE INDEX result_renewal ON mdm.result (tenant_id, enrollment_id, pushed_at)
    WHERE renewal;

COMMENT ON TABLE mdm.result IS
'Commands that are final, and reports that nobody asked for; weekly partitions by
finished_at. from_state is the state before the last move. A row is written
once, and changed only by late truth: a device answers what we had closed after
delivery. reported_at tells that it has answered, so a repeat changes nothing.';
COMMENT ON COLUMN mdm.result.report IS 'The raw report, sealed; null when none came.';
COMMENT ON INDEX mdm.result_pkey IS
'report(): is this an answer to something closed? enqueue(): had it been asked?';
COMMENT ON INDEX mdm.result_finished IS 'enrollment_history(): newest first.';
COMMENT ON INDEX mdm.result_error IS 'enrollments(): the last error of a channel.';
COMMENT ON INDEX mdm.result_unasked IS
'report(): how many unasked reports of this channel are kept.';
COMMENT ON INDEX mdm.result_renewal IS
'authenticate(): was a renewal delivered since the certificate was bound?';

DO $$
DECLARE
    v_final  text;   -- live -> final and final -> final, for rows of result
    v_live   text;   -- live -> live, for updates of queue
    v_late   text;   -- final -> final, for updates of result
BEGIN
    SELECT string_agg(format('(from_state = %L AND state = %L)',
                             m.from_state, m.to_state), ' OR '
                      ORDER BY m.from_state, m.to_state)
      INTO v_final
      FROM mdm.command_move m JOIN mdm.command_state t ON t.state = m.to_state
     WHERE t.final;

    SELECT string_agg(format('(OLD.state = %L AND NEW.state = %L)',
                             m.from_state, m.to_state), ' OR '
                      ORDER BY m.from_state, m.to_state)
             FILTER (WHERE t.live),
           string_agg(format('(OLD.state = %L AND NEW.state = %L)',
                             m.from_state, m.to_state), ' OR '
                      ORDER BY m.from_state, m.to_state)
             FILTER (WHERE f.final AND t.final)
      INTO v_live, v_late
      FROM mdm.command_move m
      JOIN mdm.command_state f ON f.state = m.from_state
      JOIN mdm.command_state t ON t.state = m.to_state;

    EXECUTE format(
        'ALTER TABLE mdm.result ADD CONSTRAINT result_legal_move CHECK '
        '(CASE WHEN from_state IS NULL THEN state = %L ELSE %s END)',
        'UNASKED', v_final);

    CREATE FUNCTION mdm.refuse_move() RETURNS trigger LANGUAGE plpgsql AS $f$
    BEGIN
        RAISE EXCEPTION 'command %: no move from % to %',
            OLD.command_uuid, OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END
    $f$;

    -- The conditions stand in the WHEN clauses, so that a legal move, and with
    -- it the hot path, calls no function.
    EXECUTE format(
        'CREATE TRIGGER queue_legal_move BEFORE UPDATE OF state ON mdm.queue '
        'FOR EACH ROW WHEN (NOT (%s)) EXECUTE FUNCTION mdm.refuse_move()', v_live);
    EXECUTE format(
        'CREATE TRIGGER result_legal_move BEFORE UPDATE OF state ON mdm.result '
        'FOR EACH ROW WHEN (NOT (%s)) EXECUTE FUNCTION mdm.refuse_move()', v_late);
END
$$;

COMMENT ON FUNCTION mdm.refuse_move() IS
'Trigger function: raises check_violation for a move that command_move lacks.';

CREATE TABLE mdm.event (
    tenant_id      bigint NOT NULL,
    event_id       bigint GENERATED ALWAYS AS IDENTITY,
    xid            xid8 NOT NULL DEFAULT pg_current_xact_id(),
    type           text NOT NULL,
    enrollment_id  bigint,
    at             timestamptz NOT NULL DEFAULT now(),
    data           jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, event_id, at)
) PARTITION BY RANGE (at);

CREATE INDEX event_order ON mdm.event (tenant_id, xid, event_id);

COMMENT ON TABLE mdm.event IS
'What happened, for those who listen; weekly partitions by at. Readers go by
(xid, event_id) and take only rows whose xid is below the xmin of their snapshot,
because the order of a sequence is not the order of commits.';
COMMENT ON INDEX mdm.event_pkey IS 'One event by its id.';
COMMENT ON INDEX mdm.event_order IS 'Reading on from a cursor in commit order.';

CREATE TABLE mdm.audit (
    tenant_id      bigint NOT NULL,
    audit_id       bigint GENERATED ALWAYS AS IDENTITY,
    at             timestamptz NOT NULL DEFAULT now(),
    actor          text NOT NULL,
    action         text NOT NULL,
    enrollment_id  bigint,
    detail         jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, audit_id)
);

COMMENT ON TABLE mdm.audit IS
'What people and programs did through the API or mdmctl; rows are only added.';
COMMENT ON INDEX mdm.audit_pkey IS 'Listing, newest first.';

-- History and outboxes: what became of commands, what others are to be told,
-- and who did what.

CREATE DOMAIN mdm.result_state AS text
    CHECK (VALUE IN ('ACKNOWLEDGED', 'ERROR', 'EXPIRED', 'CANCELLED', 'UNASKED'));

COMMENT ON DOMAIN mdm.result_state IS 'The states of a row of result: those that are final.';

CREATE TABLE mdm.result (
    tenant_id           bigint NOT NULL,
    enrollment_id       bigint NOT NULL,
    generation          integer NOT NULL,
    command_id          bigint,
    command_created_at  timestamptz,
    command_uuid        text COLLATE "C" NOT NULL,
    request_type        text,
    from_state          text,
    state               mdm.result_state NOT NULL,
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
    -- The state is part of it, because an unasked report and the cancelling of the
    -- command it is about may come in transactions of the same microsecond.
    PRIMARY KEY (tenant_id, enrollment_id, command_uuid, finished_at, state)
) PARTITION BY RANGE (finished_at);
ALTER TABLE mdm.result ALTER COLUMN report SET STORAGE EXTERNAL;

CREATE INDEX result_finished ON mdm.result (tenant_id, enrollment_id, finished_at);
CREATE INDEX result_error ON mdm.result (tenant_id, enrollment_id, finished_at)
    WHERE state = 'ERROR';

COMMENT ON TABLE mdm.result IS
'Commands that are final, and reports that nobody asked for; weekly partitions by
finished_at. from_state is the state before the last move. A row is written
once, and changed only by late truth: a device answers what we had closed after
delivery. reported_at tells that it has answered, so a repeat changes nothing.';
COMMENT ON COLUMN mdm.result.report IS 'The raw report, sealed; null when none came.';
COMMENT ON INDEX mdm.result_pkey IS
'report(): is this an answer to something closed? enqueue(): had it been asked?';
COMMENT ON INDEX mdm.result_finished IS
'enrollment_history(): newest first. authenticate(): was a renewal delivered since
the certificate was bound? report(): how many unasked reports are kept?';
COMMENT ON INDEX mdm.result_error IS 'enrollments(): the last error of a channel.';
CREATE TRIGGER result_move_insert BEFORE INSERT ON mdm.result
    FOR EACH ROW WHEN (NEW.from_state IS DISTINCT FROM 'PUSH' OR NEW.state = 'UNASKED')
    EXECUTE FUNCTION mdm.check_move();
CREATE TRIGGER result_move_update BEFORE UPDATE OF state ON mdm.result
    FOR EACH ROW EXECUTE FUNCTION mdm.check_move();

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

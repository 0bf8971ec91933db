-- What is asked of devices: the states of a command, what was asked, and the
-- queue, which holds live rows only.

CREATE TABLE mdm.command_state (
    state  text PRIMARY KEY,
    live   boolean NOT NULL,
    final  boolean NOT NULL,
    means  text NOT NULL,
    next   text NOT NULL
);

COMMENT ON TABLE mdm.command_state IS
'Each state of a command in plain words: what it means and what happens next.
SENT is shown, never stored: it is QUEUED with sent_at set.';
COMMENT ON INDEX mdm.command_state_pkey IS 'Listings: the sentences of one state.';

INSERT INTO mdm.command_state VALUES
('QUEUED', true, false,
 'The command waits for the device to ask for work.',
 'It goes out when the device comes and nothing is before it.'),
('SENT', true, false,
 'The command waits, and Apple has accepted a push that wakes the device.',
 'It goes out when the device comes and nothing is before it.'),
('PUSH', true, false,
 'The device was given the command and has not answered it.',
 'The answer closes it; a device that comes without one gets a harmless command again.'),
('NOTNOW', true, false,
 'The device said that it cannot do this now.',
 'It is offered again when the device next asks for work.'),
('STALLED', true, false,
 'The command was delivered and its outcome is unknown.',
 'It goes out again only when a person releases it; a late answer still closes it.'),
('ACKNOWLEDGED', false, true,
 'The device has carried out the command.',
 'Nothing: this is the end.'),
('ERROR', false, true,
 'The device refused the command or failed to carry it out.',
 'Nothing: read the reason and ask anew.'),
('EXPIRED', false, true,
 'The command was not answered before its time ran out.',
 'Nothing, unless the device had received it and still answers.'),
('CANCELLED', false, true,
 'The command was withdrawn; the reason says why.',
 'Nothing, unless the device had received it and still answers.'),
('UNASKED', false, true,
 'The device reported on a command that nobody here had asked of it.',
 'Nothing: the report is kept as it came.');

CREATE TABLE mdm.command_move (
    from_state  text NOT NULL REFERENCES mdm.command_state,
    to_state    text NOT NULL REFERENCES mdm.command_state,
    PRIMARY KEY (from_state, to_state)
);

COMMENT ON TABLE mdm.command_move IS
'The legal moves of a command; triggers on queue and result refuse all others.';
COMMENT ON INDEX mdm.command_move_pkey IS 'check_move(): is this move legal?';

INSERT INTO mdm.command_move VALUES
('QUEUED', 'PUSH'), ('QUEUED', 'EXPIRED'), ('QUEUED', 'CANCELLED'),
('PUSH', 'PUSH'), ('PUSH', 'NOTNOW'), ('PUSH', 'STALLED'),
('PUSH', 'ACKNOWLEDGED'), ('PUSH', 'ERROR'), ('PUSH', 'EXPIRED'), ('PUSH', 'CANCELLED'),
('NOTNOW', 'PUSH'), ('NOTNOW', 'ACKNOWLEDGED'), ('NOTNOW', 'ERROR'),
('NOTNOW', 'EXPIRED'), ('NOTNOW', 'CANCELLED'),
-- A late NotNow proves that a stalled command was not carried out.
('STALLED', 'PUSH'), ('STALLED', 'NOTNOW'),
('STALLED', 'ACKNOWLEDGED'), ('STALLED', 'ERROR'),
('STALLED', 'EXPIRED'), ('STALLED', 'CANCELLED'),
-- Late truth: closed by us after delivery, answered by the device after all.
('EXPIRED', 'ACKNOWLEDGED'), ('EXPIRED', 'ERROR'),
('CANCELLED', 'ACKNOWLEDGED'), ('CANCELLED', 'ERROR');

CREATE FUNCTION mdm.check_move() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_from  text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        v_from := OLD.state;
    ELSE
        v_from := NEW.from_state;
    END IF;

    IF EXISTS (SELECT FROM mdm.command_move m
                WHERE m.from_state = v_from AND m.to_state = NEW.state)
       OR (v_from IS NULL AND NEW.state = 'UNASKED')
    THEN
        RETURN NEW;
    END IF;

    RAISE EXCEPTION 'command %: there is no move from % to %',
        NEW.command_uuid, coalesce(v_from, 'nothing'), NEW.state
        USING ERRCODE = 'check_violation';
END
$$;

COMMENT ON FUNCTION mdm.check_move() IS
'Trigger function: raises check_violation for a move that command_move lacks. The
WHEN clauses of its triggers spare the hot path the call: every live state may
move to PUSH, and PUSH to every final state but UNASKED.';

CREATE TABLE mdm.command (
    tenant_id     bigint NOT NULL,
    command_id    bigint GENERATED ALWAYS AS IDENTITY,
    command_uuid  text COLLATE "C" NOT NULL,
    request_type  text NOT NULL,
    payload       bytea NOT NULL,
    digest        bytea,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, command_id, created_at)
) PARTITION BY RANGE (created_at);
ALTER TABLE mdm.command ALTER COLUMN payload SET STORAGE EXTERNAL;

COMMENT ON TABLE mdm.command IS
'What was asked, once for all its targets; payload is the command as sent,
sealed. Weekly partitions by created_at: a partition may be dropped only when no
queue row needs it any more.';
COMMENT ON INDEX mdm.command_pkey IS
'next_command(): the payload of the chosen row, its partition by created_at.';

CREATE TABLE mdm.idempotency (
    tenant_id           bigint NOT NULL,
    key                 text COLLATE "C" NOT NULL,
    digest              bytea,
    command_id          bigint,
    command_created_at  timestamptz,
    created_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, key)
);

CREATE INDEX idempotency_created ON mdm.idempotency (created_at);

COMMENT ON TABLE mdm.idempotency IS
'What must not be done twice within its time: "command:" and a CommandUUID for
24 hours, "refused:" and a certificate and channel for one hour.';
COMMENT ON INDEX mdm.idempotency_pkey IS 'enqueue(), identity_refused(): one key.';
COMMENT ON INDEX mdm.idempotency_created IS
'sweep(): keys older than 24 hours, over all tenants.';

-- Checks of a table are read from the catalogue and prepared by every statement
-- that writes to it; those of a domain are prepared once per session. On the two
-- tables of the hot path that is a fifth of a request.
CREATE DOMAIN mdm.queue_state AS text
    CHECK (VALUE IN ('QUEUED', 'PUSH', 'NOTNOW', 'STALLED'));
CREATE DOMAIN mdm.queue_repeat AS text
    CHECK (VALUE IN ('safe', 'once'));

COMMENT ON DOMAIN mdm.queue_state IS 'The states of a row of queue: those that are live.';
COMMENT ON DOMAIN mdm.queue_repeat IS
'safe: may be delivered again without harm; once: may not, see STALLED.';

CREATE TABLE mdm.queue (
    tenant_id           bigint NOT NULL,
    enrollment_id       bigint NOT NULL,
    command_id          bigint NOT NULL,
    command_created_at  timestamptz NOT NULL,
    queued_at           timestamptz NOT NULL,
    not_before          timestamptz,
    expires_at          timestamptz,
    sent_at             timestamptz,
    pushed_at           timestamptz,
    notnow_at           timestamptz,
    stalled_at          timestamptz,
    released_at         timestamptz,
    generation          integer NOT NULL,
    delivered_count     integer NOT NULL DEFAULT 0,
    unanswered_count    integer NOT NULL DEFAULT 0,
    priority            smallint NOT NULL DEFAULT 0,
    offer_rank          smallint DEFAULT 2,
    urgent              boolean NOT NULL DEFAULT false,
    renewal             boolean NOT NULL DEFAULT false,
    state               mdm.queue_state NOT NULL DEFAULT 'QUEUED',
    repeat              mdm.queue_repeat NOT NULL DEFAULT 'safe',
    command_uuid        text COLLATE "C" NOT NULL,
    request_type        text NOT NULL,
    subject             text COLLATE "C",
    dedupe_key          text COLLATE "C",
    PRIMARY KEY (tenant_id, command_uuid, enrollment_id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02,
        autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.05,
        autovacuum_vacuum_cost_delay = 0);

CREATE INDEX queue_next ON mdm.queue
    (tenant_id, enrollment_id, offer_rank, priority DESC, queued_at, command_id);
CREATE INDEX queue_subject ON mdm.queue
    (tenant_id, enrollment_id, subject, queued_at, command_id)
    WHERE subject IS NOT NULL;
CREATE UNIQUE INDEX queue_dedupe ON mdm.queue (tenant_id, enrollment_id, dedupe_key)
    WHERE dedupe_key IS NOT NULL;
CREATE INDEX queue_expires ON mdm.queue (expires_at) WHERE expires_at IS NOT NULL;

COMMENT ON TABLE mdm.queue IS
'Commands that are not final, one row per target; a row leaves for result in the
statement that makes it final. generation is that of the enrolment it was queued
for: nothing goes to another one.';
COMMENT ON COLUMN mdm.queue.offer_rank IS
'Place in the order of offers: 0 urgent, 1 PUSH, 2 the rest; null is not offered:
STALLED until somebody releases it. Written with state by every function that
moves it, because a generated column costs a delivery a third; check() compares.';
COMMENT ON COLUMN mdm.queue.delivered_count IS 'Deliveries in all.';
COMMENT ON COLUMN mdm.queue.unanswered_count IS
'Deliveries since the last answer (NotNow is one) or release.';
COMMENT ON COLUMN mdm.queue.subject IS
'What the command is about; commands of one subject never overtake each other.';
COMMENT ON INDEX mdm.queue_pkey IS
'report(): the row that a device answers. command_cancel(): all rows of a command.';
COMMENT ON INDEX mdm.queue_next IS
'poll(), next_command(): the first rows to offer, in order. Closing an
enrolment and enrollment_queue(): all its rows.';
COMMENT ON INDEX mdm.queue_subject IS
'next_command(): is an older row of this subject live? enqueue(): what a newer
command supersedes.';
COMMENT ON INDEX mdm.queue_dedupe IS 'enqueue(): one live row per key and target.';
COMMENT ON INDEX mdm.queue_expires IS
'sweep(): rows whose time has run out, over all tenants.';

CREATE TRIGGER queue_move BEFORE UPDATE OF state ON mdm.queue
    FOR EACH ROW WHEN (NEW.state <> 'PUSH') EXECUTE FUNCTION mdm.check_move();

CREATE TABLE mdm.push (
    tenant_id      bigint NOT NULL,
    enrollment_id  bigint NOT NULL,
    wanted_at      timestamptz NOT NULL,
    due_at         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, enrollment_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
        autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX push_due ON mdm.push (due_at);

COMMENT ON TABLE mdm.push IS
'The wish to wake a channel; one outstanding row each. wanted_at: the newest
command that asked for it; due_at: when to send. Written by those who queue and
by those who push, never by a request of a device.';
COMMENT ON INDEX mdm.push_pkey IS 'enqueue(): one wish per channel.';
COMMENT ON INDEX mdm.push_due IS 'Claiming the pushes that are due, over all tenants.';

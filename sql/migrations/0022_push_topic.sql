-- Pushes are sent: who pushes a topic, what became of it, and what may not be
-- pushed any more.

ALTER TABLE mdm.push
    ADD COLUMN topic          text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN asked          boolean NOT NULL DEFAULT false,
    ADD COLUMN stopped        boolean NOT NULL DEFAULT false,
    ADD COLUMN claimed_at     timestamptz,
    ADD COLUMN step           smallint NOT NULL DEFAULT 0,
    ADD COLUMN failures       smallint NOT NULL DEFAULT 0,
    ADD COLUMN accepted_at    timestamptz,
    ADD COLUMN judge_from     timestamptz,
    ADD COLUMN answered_at    timestamptz,
    ADD COLUMN apns_id        text,
    ADD COLUMN error          text;

-- What is there is taken over of all tenants, which also the owner does not see
-- otherwise.
ALTER TABLE mdm.push NO FORCE ROW LEVEL SECURITY;
ALTER TABLE mdm.enrollment NO FORCE ROW LEVEL SECURITY;
ALTER TABLE mdm.push_certificate NO FORCE ROW LEVEL SECURITY;

UPDATE mdm.push p
   SET topic = e.topic
  FROM mdm.enrollment e
 WHERE e.tenant_id = p.tenant_id
   AND e.enrollment_id = p.enrollment_id
   AND e.topic IS NOT NULL;

DROP INDEX mdm.push_due;
CREATE INDEX push_due ON mdm.push (tenant_id, topic, due_at);

COMMENT ON TABLE mdm.push IS
'The wish to wake a channel; one outstanding row each, kept until it needs no push any
more. wanted_at: when a command, a person or another token last asked for it; due_at:
when to send, infinity while it is claimed. Written by those who queue and by those who
push; of the requests of a device by a report that commands follow from, a NotNow, a
TokenUpdate with another token, and the end of an enrolment.';
COMMENT ON COLUMN mdm.push.topic IS
'That of the enrolment when the wish was written; the claimer compares.';
COMMENT ON COLUMN mdm.push.asked IS
'Somebody asked for a push itself: it is sent once, whether commands wait or not.';
COMMENT ON COLUMN mdm.push.stopped IS
'There is a push_stop of this channel: those who look at wishes need not look there.';
COMMENT ON COLUMN mdm.push.claimed_at IS
'Since when the owner of the topic has it in hand; null: nobody.';
COMMENT ON COLUMN mdm.push.step IS
'Place on the ladder: pushes accepted since the last command that asked for one.';
COMMENT ON COLUMN mdm.push.failures IS 'Attempts since the last that was accepted.';
COMMENT ON COLUMN mdm.push.judge_from IS
'The accepted push that the health figure has not judged yet.';
COMMENT ON COLUMN mdm.push.answered_at IS
'The last answer; apns_id and error are of it. error null: it was accepted.';
COMMENT ON INDEX mdm.push_due IS
'push_claim(): the wishes of a topic that are due. push_lease(): has a topic any?';

CREATE TABLE mdm.push_topic (
    tenant_id         bigint NOT NULL REFERENCES mdm.tenant,
    topic             text COLLATE "C" NOT NULL CHECK (topic <> ''),
    owner             text NOT NULL DEFAULT '',
    until             timestamptz NOT NULL DEFAULT '-infinity',
    stopped_at        timestamptz,
    stop_reason       text,
    failing_since     timestamptz,
    failing_told      boolean NOT NULL DEFAULT false,
    error             text,
    retry_at          timestamptz,
    news              text,
    connections       integer NOT NULL DEFAULT 0,
    accepted          bigint NOT NULL DEFAULT 0,
    accepted_at       timestamptz,
    refused           jsonb NOT NULL DEFAULT '{}',
    window_at         timestamptz NOT NULL DEFAULT now(),
    window_answers    integer NOT NULL DEFAULT 0,
    window_refusals   integer NOT NULL DEFAULT 0,
    health_at         timestamptz NOT NULL DEFAULT now(),
    followed          integer NOT NULL DEFAULT 0,
    judged            integer NOT NULL DEFAULT 0,
    former_followed   integer NOT NULL DEFAULT 0,
    former_judged     integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, topic)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1,
        autovacuum_vacuum_cost_delay = 0);

INSERT INTO mdm.push_topic (tenant_id, topic)
SELECT c.tenant_id, c.topic FROM mdm.push_certificate c;

ALTER TABLE mdm.push FORCE ROW LEVEL SECURITY;
ALTER TABLE mdm.enrollment FORCE ROW LEVEL SECURITY;
ALTER TABLE mdm.push_certificate FORCE ROW LEVEL SECURITY;

ALTER TABLE mdm.push_certificate
    ADD COLUMN development    boolean NOT NULL DEFAULT false,
    ADD COLUMN apple_account  text,
    ADD COLUMN note           text,
    ADD COLUMN warned_days    smallint;

COMMENT ON COLUMN mdm.push_certificate.development IS
'Its pushes go to Apple''s development host.';
COMMENT ON COLUMN mdm.push_certificate.apple_account IS
'With which account it was made: only that one can renew it.';
COMMENT ON COLUMN mdm.push_certificate.warned_days IS
'The bound of the last event push_certificate_expiring; null: none yet.';

CREATE INDEX push_topic_owner ON mdm.push_topic (owner);

COMMENT ON TABLE mdm.push_topic IS
'One row for each topic that has a push certificate. owner, until: the lease of the
worker that alone pushes it. stopped_at: nothing is pushed until an operator acts.
failing_since, error: no connection can be made; failing_told: an event said so;
retry_at: when it is tried again. news: what the owner is to say in its log: resumed, renewed.
refused: reasons of Apple and how often. window_…: answers since window_at, by which
many refusals are told. followed of judged accepted pushes had a contact within 15
minutes, since health_at; former_…: in the day before.';
COMMENT ON INDEX mdm.push_topic_pkey IS
'All functions of pushes: one topic, or a tenant''s. push_lease(): all of them.';
COMMENT ON INDEX mdm.push_topic_owner IS
'push_due(), push_leave(): the topics of one owner. Without until, so that a lease is renewed on its
page.';

CREATE TABLE mdm.push_stop (
    tenant_id      bigint NOT NULL,
    enrollment_id  bigint NOT NULL,
    topic          text COLLATE "C" NOT NULL,
    token          bytea NOT NULL,
    reason         text NOT NULL,
    counted        boolean NOT NULL,
    stopped_at     timestamptz NOT NULL,
    probe_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, enrollment_id)
);

CREATE INDEX push_stop_topic ON mdm.push_stop (tenant_id, topic, enrollment_id);

COMMENT ON TABLE mdm.push_stop IS
'Channels whose push Apple refused for good: not pushed until they bring another token,
an operator resumes them, or the weekly probe is accepted. reason: Apple''s word;
counted: such a refusal may be the topic''s fault, see push_topic.window_refusals.';
COMMENT ON INDEX mdm.push_stop_pkey IS 'push_claim(), token_update(): one channel.';
COMMENT ON INDEX mdm.push_stop_topic IS
'push_stops(): in order. Storing a certificate and push_resume(): all of a topic.';

DO $$
DECLARE
    v_table  text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['push_topic', 'push_stop'] LOOP
        EXECUTE format('ALTER TABLE mdm.%I ENABLE ROW LEVEL SECURITY', v_table);
        EXECUTE format('ALTER TABLE mdm.%I FORCE ROW LEVEL SECURITY', v_table);
        EXECUTE format(
            'CREATE POLICY tenant ON mdm.%I USING (tenant_id = '
            'nullif(current_setting(''mdm.tenant'', true), '''')::bigint)', v_table);
    END LOOP;
END
$$;

-- What is due was found over all tenants by this; now it is found by topics.
DROP POLICY due ON mdm.push;

-- Leases are taken, kept and given back over all tenants, and with them what was
-- claimed; what a topic has to push is read under its tenant.
CREATE POLICY lease ON mdm.push_topic TO mdm_job
    USING (current_setting('mdm.lease', true) = 'on');
CREATE POLICY lease ON mdm.push TO mdm_job
    USING (current_setting('mdm.lease', true) = 'on');
CREATE POLICY lease ON mdm.push_certificate FOR SELECT TO mdm_job
    USING (current_setting('mdm.lease', true) = 'on');

UPDATE mdm.command_state
   SET next = 'It goes out when the device comes and nothing is before it; until then the '
              'device is pushed again, after growing times.'
 WHERE state = 'SENT';
UPDATE mdm.command_state
   SET next = 'It is offered again when the device next asks for work, for which it is '
              'pushed after growing times.'
 WHERE state = 'NOTNOW';

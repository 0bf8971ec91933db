-- Webhooks: how far each has come, what it could not deliver, and what is to be
-- sent once more.

CREATE TABLE mdm.webhook (
    name             text COLLATE "C" PRIMARY KEY,
    only_tenant_id   bigint,
    cursor_xid       xid8 NOT NULL,
    cursor_event_id  bigint NOT NULL,
    cursor_at        timestamptz NOT NULL,
    delivered        bigint NOT NULL DEFAULT 0,
    attempts         integer NOT NULL DEFAULT 0,
    failing_since    timestamptz,
    last_error       text,
    updated_at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50, autovacuum_vacuum_cost_delay = 0);

COMMENT ON TABLE mdm.webhook IS
'The webhooks of nginx.conf: up to which event each is done. A row is written by the
node that has the lease "webhook:<name>". attempts counts those that failed since
one succeeded.';
COMMENT ON COLUMN mdm.webhook.only_tenant_id IS
'The only tenant whose events it gets; null: it gets those of all.';
COMMENT ON COLUMN mdm.webhook.cursor_at IS
'Events behind the cursor are not older than a day before this; so old partitions
are not looked into.';
COMMENT ON INDEX mdm.webhook_pkey IS 'webhook_next(), webhook_done(): one webhook.';

CREATE TABLE mdm.webhook_failure (
    tenant_id  bigint NOT NULL,
    name       text COLLATE "C" NOT NULL,
    xid        xid8 NOT NULL,
    event_id   bigint NOT NULL,
    type       text NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    status     integer,
    error      text NOT NULL,
    PRIMARY KEY (tenant_id, name, xid, event_id)
);

COMMENT ON TABLE mdm.webhook_failure IS
'Events that a receiver would not take, set aside so that the others go on. A replay
that comes past them takes them away.';
COMMENT ON COLUMN mdm.webhook_failure.status IS 'Of the last answer; null: none came.';
COMMENT ON INDEX mdm.webhook_failure_pkey IS
'webhook_failures(): newest first. webhook_done(): those that a replay has passed.';

CREATE INDEX webhook_failure_at ON mdm.webhook_failure (at);

COMMENT ON INDEX mdm.webhook_failure_at IS 'sweep(): those of a month ago, over all tenants.';

CREATE TABLE mdm.webhook_replay (
    tenant_id        bigint NOT NULL,
    name             text COLLATE "C" NOT NULL,
    replay_id        bigint GENERATED ALWAYS AS IDENTITY,
    since            timestamptz NOT NULL,
    cursor_xid       xid8 NOT NULL DEFAULT '0',
    cursor_event_id  bigint NOT NULL DEFAULT 0,
    until_xid        xid8 NOT NULL,
    until_event_id   bigint NOT NULL,
    asked_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name)
);

COMMENT ON TABLE mdm.webhook_replay IS
'A tenant wants its events from a time on once more, up to where the webhook stood.
Goes when it is done; a new wish takes the place of the old one and has a new
replay_id.';
COMMENT ON INDEX mdm.webhook_replay_pkey IS
'webhook_replay(), webhook_done(). webhook_next() reads the whole small table.';

DO $$
DECLARE
    v_table  text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['webhook', 'webhook_failure', 'webhook_replay'] LOOP
        EXECUTE format('ALTER TABLE mdm.%I ENABLE ROW LEVEL SECURITY', v_table);
        EXECUTE format('ALTER TABLE mdm.%I FORCE ROW LEVEL SECURITY', v_table);
    END LOOP;

    FOREACH v_table IN ARRAY ARRAY['webhook_failure', 'webhook_replay'] LOOP
        EXECUTE format(
            'CREATE POLICY tenant ON mdm.%I USING (tenant_id = '
            'nullif(current_setting(''mdm.tenant'', true), '''')::bigint)', v_table);
    END LOOP;
END
$$;

-- A tenant sees the webhooks that get its events; the sender sees all, and so does
-- the owner, who removes one that nginx.conf has no more.
CREATE POLICY tenant ON mdm.webhook FOR SELECT
    USING (only_tenant_id IS NULL OR only_tenant_id =
           nullif(current_setting('mdm.tenant', true), '')::bigint);
CREATE POLICY sender ON mdm.webhook TO mdm_job, mdm_owner USING (true);

-- What is swept away is found over all tenants, like all that is due.
CREATE POLICY due ON mdm.webhook_failure FOR SELECT TO mdm_job
    USING (at < now() - interval '30 days');

-- The sender reads the outbox in commit order over all tenants; that order is the
-- only thing that it may see of several at once, and only while its function says
-- so. What belongs to an event (the enrolment, the report) is read under the tenant
-- of the event, and a webhook of one tenant never needs this.
CREATE POLICY outbox ON mdm.event FOR SELECT TO mdm_job
    USING (current_setting('mdm.outbox', true) = 'on');
CREATE POLICY outbox ON mdm.webhook_replay FOR SELECT TO mdm_job
    USING (current_setting('mdm.outbox', true) = 'on');

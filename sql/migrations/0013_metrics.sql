-- Numbers for monitoring, measured now and then and read often.

CREATE TABLE mdm.metric (
    name   text NOT NULL,
    label  text NOT NULL DEFAULT '',
    value  double precision NOT NULL,
    at     timestamptz NOT NULL,
    PRIMARY KEY (name, label)
);

COMMENT ON TABLE mdm.metric IS
'The last measurement over all tenants, a few dozen numbers: metric_measure()
writes them, under a lease, and every node reads them. No tenant is in it.';
COMMENT ON INDEX mdm.metric_pkey IS 'metric_measure(): one number.';

CREATE INDEX identity_expires ON mdm.identity (not_after) WHERE state = 'bound';

COMMENT ON INDEX mdm.identity_expires IS
'metric_measure(): the bound certificates that expire soon, over all tenants.';

-- Who measures looks over all tenants, at what he counts. The job could name one
-- tenant after the other anyhow; this spares it that. It changes nothing so.
CREATE POLICY measure ON mdm.queue FOR SELECT TO mdm_job
    USING (current_setting('mdm.measure', true) = 'on');
CREATE POLICY measure ON mdm.push FOR SELECT TO mdm_job
    USING (current_setting('mdm.measure', true) = 'on');
CREATE POLICY measure ON mdm.enrollment FOR SELECT TO mdm_job
    USING (current_setting('mdm.measure', true) = 'on');
CREATE POLICY measure ON mdm.identity FOR SELECT TO mdm_job
    USING (current_setting('mdm.measure', true) = 'on');

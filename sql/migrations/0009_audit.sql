-- Where a change came from, and the audit of one enrolment, person or action.

ALTER TABLE mdm.audit ADD COLUMN remote text NOT NULL DEFAULT '';

CREATE INDEX audit_enrollment ON mdm.audit (tenant_id, enrollment_id, audit_id)
    WHERE enrollment_id IS NOT NULL;
CREATE INDEX audit_actor ON mdm.audit (tenant_id, actor, audit_id);
CREATE INDEX audit_action ON mdm.audit (tenant_id, action, audit_id);

COMMENT ON COLUMN mdm.audit.remote IS
'The address of the client as nginx sees it; empty for mdmctl.';
COMMENT ON INDEX mdm.audit_enrollment IS 'audit_list(): what was done to one enrolment.';
COMMENT ON INDEX mdm.audit_actor IS 'audit_list(): what one token did.';
COMMENT ON INDEX mdm.audit_action IS 'audit_list(): who did a thing.';

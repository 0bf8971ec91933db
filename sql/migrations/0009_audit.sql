-- Where a change came from, and the changes of one enrolment.

ALTER TABLE mdm.audit ADD COLUMN remote text NOT NULL DEFAULT '';

CREATE INDEX audit_enrollment ON mdm.audit (tenant_id, enrollment_id, audit_id)
    WHERE enrollment_id IS NOT NULL;

COMMENT ON COLUMN mdm.audit.remote IS
'The address of the client as nginx sees it; empty for mdmctl.';
COMMENT ON INDEX mdm.audit_enrollment IS 'audit_list(): what was done to one enrolment.';

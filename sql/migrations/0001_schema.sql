-- The schema and the record of what was done to it.

CREATE SCHEMA mdm;

COMMENT ON SCHEMA mdm IS
'Tables of the MDM engine. Functions live in one schema per revision, mdm_rN.';

CREATE TABLE mdm.schema_version (
    version          integer PRIMARY KEY,
    name             text NOT NULL,
    oldest_revision  integer NOT NULL,
    applied_at       timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE mdm.schema_version IS
'One row per migration that was run. oldest_revision is the oldest revision of
the functions, and so the oldest module, that may serve with these tables.';

COMMENT ON INDEX mdm.schema_version_pkey IS
'Migration: which files were run. startup(): the newest version.';

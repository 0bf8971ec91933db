-- What a report changes besides the state of its command: that it was applied, once,
-- or why not; and secrets that are told apart without being opened.

ALTER TABLE mdm.result ADD COLUMN effects_at timestamptz;
ALTER TABLE mdm.result ADD COLUMN effects_failed text;
ALTER TABLE mdm.secret ADD COLUMN digest bytea;

COMMENT ON COLUMN mdm.result.effects_at IS
'When the effects of the report were applied, in the transaction that says so; null
when it had none, or when they failed. Where it is set nothing is applied again.';
COMMENT ON COLUMN mdm.result.effects_failed IS
'Why the effects of the report could not be found or applied; null when they were, or
when it had none.';
COMMENT ON COLUMN mdm.secret.digest IS
'Keyed digest of the value, of the first secret key there was; null where nothing is
compared. A value that a device tells again adds no row.';

-- Whom a command was asked of, and the command of a CommandUUID.

-- An index of result by command would cost every acknowledgement; the targets kept
-- with the command lead to their rows by the keys that are there.
ALTER TABLE mdm.command ADD COLUMN targets bigint[] NOT NULL DEFAULT '{}';
ALTER TABLE mdm.command ALTER COLUMN targets SET STORAGE EXTERNAL;

COMMENT ON COLUMN mdm.command.targets IS
'enrollment_id of the channels that it was queued for, in the order of (device_id,
user_id) within one call.';

CREATE INDEX command_uuid ON mdm.command (tenant_id, command_uuid, created_at);

COMMENT ON INDEX mdm.command_uuid IS
'command_show(), command_targets(), command_payload(): the newest command of a
CommandUUID.';

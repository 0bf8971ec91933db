-- A stored command serves every device, though each gets its own values.

ALTER TABLE mdm.command ADD COLUMN wants text[];

COMMENT ON COLUMN mdm.command.wants IS
'What is put in at each delivery: names of attributes, "Member<kind" for a secret in
escrow, "Member:profile" for a profile whose texts are looked through, too; empty:
only "%%" is turned. null: the payload goes out as it is.';

-- Late truth again: we end a command whose values are not known at its delivery, and
-- the device may still answer an earlier one.
INSERT INTO mdm.command_move VALUES
('ERROR', 'ACKNOWLEDGED'), ('ERROR', 'ERROR');
UPDATE mdm.command_state
   SET means = 'The device refused the command or failed to carry it out, or it could '
               'not be filled in with what is known of the device.'
 WHERE state = 'ERROR';

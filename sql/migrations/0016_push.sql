-- A wish that stands is not written anew by each command that would have it.

COMMENT ON TABLE mdm.push IS
'The wish to wake a channel; one outstanding row each. wanted_at: the command that
asked for it first; due_at: when to send. Written by those who queue and by those who
push, never by a request of a device.';

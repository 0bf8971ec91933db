-- Moves that are legal whatever they come from do not need to be looked up: who
-- cancels ten thousand commands need not ask ten thousand times.

DROP TRIGGER result_move_insert ON mdm.result;
CREATE TRIGGER result_move_insert BEFORE INSERT ON mdm.result
    FOR EACH ROW WHEN ((NEW.from_state = 'PUSH' AND NEW.state <> 'UNASKED'
                        OR NEW.from_state IN ('QUEUED', 'NOTNOW', 'STALLED')
                           AND NEW.state IN ('CANCELLED', 'EXPIRED')) IS NOT TRUE)
    EXECUTE FUNCTION mdm.check_move();

COMMENT ON FUNCTION mdm.check_move() IS
'Trigger function: raises check_violation for a move that command_move lacks. The
WHEN clauses of its triggers spare most rows the call: every live state may move to
PUSH, to CANCELLED and to EXPIRED, and PUSH to every final state but UNASKED. Who
takes such a move out of command_move changes them too.';

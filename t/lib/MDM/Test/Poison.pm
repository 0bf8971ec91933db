package MDM::Test::Poison;

# Members of a batch that PostgreSQL cannot take: for as long as a channel is
# poisoned, a trap in mdm.queue fails what its device says.
#
#     my $poison = MDM::Test::Poison->set($pg);
#     $poison->give('commit', 17, 18);        # enrollment_ids
#     $poison->take('commit');
#
# Kinds: "row" and "commit" fail a report, at once and at the end of its
# transaction; "slow" lets it sleep until its statement is cancelled; "delivery"
# fails to take the next command. Only what devices ask is trapped.

use strict;
use warnings;


sub set {
    my ($class, $pg) = @_;

    $pg->psql(<<'SQL');
CREATE TABLE public.poison (kind text, enrollment_id bigint);
GRANT SELECT ON public.poison TO PUBLIC;

CREATE FUNCTION public.poison() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'mdm_device' AND EXISTS (SELECT FROM public.poison p
        WHERE p.kind = TG_ARGV[0] AND p.enrollment_id = OLD.enrollment_id)
    THEN
        PERFORM pg_sleep(30) WHERE TG_ARGV[0] = 'slow';
        RAISE 'poisoned';
    END IF;

    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER poison_row BEFORE DELETE ON mdm.queue
    FOR EACH ROW EXECUTE FUNCTION public.poison('row');
CREATE TRIGGER poison_slow BEFORE DELETE ON mdm.queue
    FOR EACH ROW EXECUTE FUNCTION public.poison('slow');
CREATE TRIGGER poison_delivery BEFORE UPDATE ON mdm.queue
    FOR EACH ROW EXECUTE FUNCTION public.poison('delivery');
CREATE CONSTRAINT TRIGGER poison_commit AFTER DELETE ON mdm.queue
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION public.poison('commit');
SQL

    return bless { pg => $pg }, $class;
}


sub give {
    my ($self, $kind, @ids) = @_;

    $self->{pg}->psql("INSERT INTO public.poison
                       SELECT '$kind', unnest('{" . join(',', @ids) . "}'::bigint[])");
}


sub take {
    my ($self, $kind) = @_;

    $self->{pg}->psql("DELETE FROM public.poison WHERE kind = '$kind'");
}

1;

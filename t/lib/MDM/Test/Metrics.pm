package MDM::Test::Metrics;

# A scrape of "mdm metrics", read as strictly as a monitor may:
#
#     my $metrics = MDM::Test::Metrics->scrape($client);
#     $metrics->{faults}                       # what breaks the format
#     $metrics->value('requests_total', message => 'Report', status => 200)
#     $metrics->sum('requests_total')          # of all series of the metric
#     MDM::Test::Metrics->some($client, 'requests_total')   # reads no others
#
# Names are given without "mdm_"; a series that is not there has the value 0.

use strict;
use warnings;

my $name = qr/[a-zA-Z_:][a-zA-Z0-9_:]*/;
my $label = qr/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/;
my $number = qr/[+-]?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Inf)|NaN/;


sub scrape {
    my ($class, $client, $path) = @_;

    my $answer = $client->get($path // '/metrics');
    my $self = $class->parse($answer->{body});

    $self->{answer} = $answer;

    return $self;
}


sub some {
    my ($class, $client, @names) = @_;

    my $wanted = join '|', map { quotemeta } @names;

    return $class->parse(join '', grep { /^(?:# \w+ )?mdm_(?:$wanted)\b/ }
        split /^/, $client->get('/metrics')->{body});
}


sub parse {
    my ($class, $text) = @_;

    my $self = bless { type => {}, help => {}, series => {}, faults => [] }, $class;
    my ($metric, %closed) = ('');

    $self->fault('the last line has no end') if $text !~ /\n\z/;

    for my $line (split /\n/, $text) {

        if ($line =~ /^# HELP ($name) (\S.*)$/) {
            $closed{$metric} = 1;
            $metric = $1;
            $self->fault("$metric is told of twice") if $closed{$metric};
            $self->{help}{$metric} = $2;

        } elsif ($line =~ /^# TYPE ($name) (counter|gauge|histogram)$/) {
            $self->fault("TYPE of $1 under $metric") if $1 ne $metric;
            $self->{type}{$1} = $2;

        } else {
            $self->series($metric, $line);
        }
    }

    $self->histograms;

    return $self;
}


sub fault { my ($self, $text) = @_; push @{ $self->{faults} }, $text }


sub series {
    my ($self, $metric, $line) = @_;

    my ($full, $labels, $value) = $line
        =~ /^($name)(?:\{((?:$label(?:,(?=[a-z])|(?=\})))*)\})? ($number)$/
        ? ($1, $2 // '', $+) : ();

    return $self->fault("no series: $line") if !defined $full;

    my $type = $self->{type}{$metric} // return $self->fault("no TYPE: $line");
    my $suffix = $type eq 'histogram' ? qr/_(?:bucket|sum|count)/ : qr//;

    $self->fault("$full under $metric") if $full !~ /^\Q$metric\E$suffix\z/;
    $self->fault("a counter not called _total: $full")
        if $type eq 'counter' && $full !~ /_total\z/;
    $self->fault("negative: $line") if $value < 0;

    my %label;

    while ($labels =~ /$label/g) {
        $self->fault("label $1 twice: $line") if exists $label{$1};
        $label{$1} = $2;
    }

    my $key = key($full, %label);
    $self->fault("a series twice: $line") if exists $self->{series}{$key};
    $self->{series}{$key} = { name => $full, label => \%label, value => $value };
}


sub key {
    my ($full, %label) = @_;

    return join "\0", $full, map { ($_, $label{$_}) } sort keys %label;
}


# Buckets rise with their bound, and the last one is the count.

sub histograms {
    my ($self) = @_;

    my %buckets;

    for my $series (values %{ $self->{series} }) {
        my ($of) = $series->{name} =~ /^(.*)_bucket\z/ or next;
        my %label = %{ $series->{label} };
        my $bound = delete $label{le} // '';

        $buckets{ key($of, %label) }{ $bound eq '+Inf' ? 9**9**9 : $bound }
            = $series->{value};
        $self->fault("$of has no +Inf")
            if !exists $self->{series}{ key("${of}_bucket", %label, le => '+Inf') };
        $self->fault("$of has no sum")
            if !exists $self->{series}{ key("${of}_sum", %label) };

        my $count = $self->{series}{ key("${of}_count", %label) };
        $self->fault("the last bucket of $of is not its count")
            if $bound eq '+Inf' && $series->{value} != ($count // {})->{value};
    }

    for my $of (keys %buckets) {
        my $before = 0;

        for my $bound (sort { $a <=> $b } keys %{ $buckets{$of} }) {
            $self->fault("buckets of $of fall") if $buckets{$of}{$bound} < $before;
            $before = $buckets{$of}{$bound};
        }
    }
}


sub value {
    my ($self, $metric, %label) = @_;

    my $series = $self->{series}{ key("mdm_$metric", %label) };

    return $series ? $series->{value} + 0 : 0;
}


# Of all series of a name that have these labels, and others.

sub sum {
    my ($self, $metric, %label) = @_;

    my $sum = 0;

    for my $series (values %{ $self->{series} }) {
        next if $series->{name} ne "mdm_$metric";
        next if grep { ($series->{label}{$_} // '') ne $label{$_} } keys %label;
        $sum += $series->{value};
    }

    return $sum;
}

1;

# What answers of commands leave behind: lists, by what their items are told
# apart, and which keys of the command make them partial.  plugins/README.md has
# it all, and vectors show it.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use JSON::PP ();

use MDM::Test;

needs('the plugins', -e build('mdm-plugin-test') && glob build('plugins/*.so'));

# Lists with the keys that tell their items apart (name: that of the member;
# item: the string that it is), and after a bar the keys of a partial command.

my %lists = map { my ($name, @words) = split; $name => "@words" } split /\n/, <<'END';
ActiveNSExtensions             extensions:Identifier | FilterExtensionPoints
AvailableOSUpdates             os_updates:ProductKey |
CertificateList                | ManagedOnly
ContentCachingInformation      content_cache_alerts:className content_cache_parents:guid content_cache_peers:guid |
DeviceInformation              active_managed_users:item admin_accounts:GUID service_subscriptions:Slot |
InstalledApplicationList       applications:Identifier | Identifiers,ManagedAppsOnly,Items
LOMSetupRequest                lom_primary_addresses:item lom_secondary_addresses:item |
ManagedApplicationAttributes   managed_application_attributes:Identifier | Identifiers
ManagedApplicationFeedback     managed_application_feedback:Identifier | Identifiers
ManagedApplicationList         managed_applications:name | Identifiers
ManagedMediaList               media:iTunesStoreID |
NSExtensionMappings            extension_mappings:Identifier |
OSUpdateStatus                 os_update_status:ProductKey |
ProfileList                    profiles:PayloadIdentifier | ManagedOnly
ProvisioningProfileList        provisioning_profiles:UUID | ManagedOnly
Restrictions                   profile_restrictions:name restrictions:name restrictions:name restrictions:name restrictions:name |
ScheduleOSUpdate               os_update_results:ProductKey |
SecurityInfo                   firewall_applications:BundleID reduced_security:item |
UserList                       users:UserName |
END

my @types = grep { $_->{kind} eq 'command' } map {
    my ($exit, $text) = run_command(build('mdm-plugin-test'), '--describe', $_);

    $exit == 0 ? @{ JSON::PP::decode_json($text) } : die "$_: $text\n";
} glob build('plugins/*.so');

my ($readme) = slurp(tree() . '/plugins/README.md') =~ /^## What reports leave behind\n(.*)/ms;
ok $readme, 'plugins/README.md says what reports leave behind';


# All keys of an answer, with those that lie in others.

sub keys_of {
    return map { $_, keys_of(@{ $_->{keys} // [] }, @{ $_->{items} // [] }) } @_;
}


sub told_by {
    my ($list) = @_;

    return 'name' if $list->{key} eq '*';

    my ($kind) = @{ $list->{items} };

    return join('+', map { $_->{key} } grep { $_->{tells} } @{ $kind->{keys} // [] })
        || 'item';
}


# The row of a table that has this command, if it tells this of it.

sub told {
    my ($command, $what) = @_;

    return grep { /^\| [^|]*\b\Q$command\E\b[^|]*\|.*`\Q$what\E`/ } split /\n/, $readme;
}


for my $type (@types) {
    my $name = $type->{name};
    my @keys = keys_of(@{ $type->{answer} // [] });
    my @lists = sort map { "$_->{list}:" . told_by($_) } grep { $_->{list} } @keys;
    my $parts = join ',', @{ $type->{part_keys} // [] };

    is join(' ', @lists, '|', $parts || ()), $lists{$name} // '|',
        "$name: its lists, and when they are a part only";

    ok told($name, $_), "... $_ stands in plugins/README.md"
        for map { $_->{list} // (), $_->{escrow} // () } @keys;

    next if !grep({ $_->{list} || $_->{attribute} || $_->{escrow} } @keys)
        && !grep { $_ eq 'result' } @{ $type->{functions} // [] };

    my @effects = map { @{ $_->{effects} // [] } } grep { $_->{type} eq $name }
        map { JSON::PP::decode_json(slurp($_)) }
        glob tree() . "/plugins/$type->{plugin}/vectors/$name-*.json";

    ok scalar(@effects), '... a vector shows what its report leaves behind';
    ok told($name, $_), "... its $_ stands in plugins/README.md"
        for map { $_->{event} // $_->{list} // () } @effects;
}

done_testing;

# SPDX-License-Identifier: Apache-2.0
# A phone by Net::SIP: answers each call and keeps the octets of its RTP in FILE.N.
# usage: netsip.pl PORT CODEC FILE SECONDS
use strict;
use warnings;
use IO::Handle;
use Net::SIP qw(:all);

my ($port, $codec, $file, $seconds) = @ARGV;
my $calls = 0;
my $out;
my $phone = Net::SIP::Simple->new(
	leg => Net::SIP::Leg->new(proto => 'udp', addr => '127.0.0.1', port => $port));
$phone->listen(
	cb_create => sub {
		my $name = "$file." . $calls++;
		open($out, '>:raw', $name) or die "$name: $!";
		$out->autoflush(1);
		return 1;
	},
	init_media => $phone->rtp('recv_echo', sub { print $out $_[0]; return; }, -1),
	rtp_param => [$codec, 160, 160 / 8000]);
my $end;
$phone->add_timer($seconds, sub { $end = 1 });
$phone->loop(undef, \$end);

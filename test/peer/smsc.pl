#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# A second SMSC for the tests, on Net::SMPP, which shares no line with node-smpp. It
# takes the options of smsc.js that are here, and says the same JSON lines.
#
# usage: smsc.pl [--port N] [--system-id ID] [--password PW] [--reject CODE] [--silent]
#        [--receipt "STATE ERR" [--receipt-form text|tlv|data] [--receipt-first]]
use strict;
use warnings;
use Encode qw(decode);
use Getopt::Long;
use IO::Select;
use JSON::PP;
use Net::SMPP;

my %wanted = (port => 0, 'system-id' => 'watchword', password => '', reject => 0,
    silent => 0, receipt => '', 'receipt-form' => 'text', 'receipt-first' => 0);
GetOptions(\%wanted, 'port=i', 'system-id=s', 'password=s', 'reject=i', 'silent',
    'receipt=s', 'receipt-form=s', 'receipt-first') or die "usage\n";

my $json = JSON::PP->new->canonical->utf8;
my @states = qw(SCHEDULED ENROUTE DELIVRD EXPIRED DELETED UNDELIV ACCEPTD UNKNOWN REJECTD);
my %newest;   # sequence numbers, by socket: they rise (SMPP 3.4, 5.1.4)
my %parts;    # of long messages: sender, recipient and reference -> texts
my $last_id = 0;

$| = 1;
$SIG{__WARN__} = sub { };    # it warns of every unknown parameter and closed socket

sub say_line { print $json->encode({@_}), "\n"; }

# The text, and for one of several parts which of how many: UDH 00 03 ref total number.
sub content {
    my ($pdu) = @_;
    my $octets = $pdu->{short_message};
    my @place;
    if ($pdu->{esm_class} & 0x40) {
        @place = (unpack 'CCCCCC', $octets)[3, 4, 5];
        $octets = substr $octets, 1 + ord $octets;
    }
    my $text = decode($pdu->{data_coding} == 8 ? 'UTF-16BE' : 'gsm0338', $octets);
    return ($text, @place);
}

sub take {
    my ($pdu) = @_;
    my ($text, $reference, $total, $number) = content($pdu);
    my @texts = ($text);
    if ($total) {
        my $key = join '|', @$pdu{qw(source_addr destination_addr)}, $reference;
        $parts{$key}[$number - 1] = $text;
        return if grep({ defined } @{ $parts{$key} }) < $total;
        @texts = @{ delete $parts{$key} };
    }
    say_line(to => $pdu->{destination_addr}, from => $pdu->{source_addr},
        text => join('', @texts), parts => scalar @texts,
        dataCoding => $pdu->{data_coding}, esmClass => $pdu->{esm_class},
        registeredDelivery => $pdu->{registered_delivery});
}

sub send_receipt {
    my ($peer, $pdu, $id) = @_;
    return if !$wanted{receipt} || !($pdu->{registered_delivery} & 1);
    my ($state, $error) = split ' ', "$wanted{receipt} 000";
    my ($index) = grep { $states[$_] eq $state } 0 .. $#states;
    my %common = (source_addr => $pdu->{destination_addr},
        destination_addr => $pdu->{source_addr}, esm_class => 4, async => 1);
    my @tlvs = (receipted_message_id => "$id\0", message_state => pack('C', $index // 7),
        network_error_code => pack('Cn', 3, $error));
    if ($wanted{'receipt-form'} eq 'text') {
        $peer->deliver_sm(%common, short_message => "id:$id sub:001 dlvrd:001 submit " .
              "date:2611241200 done date:2611241201 stat:$state err:$error text:Your PIN");
    }
    elsif ($wanted{'receipt-form'} eq 'tlv') {
        $peer->deliver_sm(%common, short_message => '', @tlvs);
    }
    else {
        $peer->data_sm(%common, @tlvs);
    }
}

sub on_submit {
    my ($peer, $pdu) = @_;
    return if $wanted{silent};
    if ($wanted{reject}) {
        $peer->submit_sm_resp(seq => $pdu->{seq}, status => $wanted{reject}, message_id => '');
        return;
    }
    my $id = sprintf '%08x', ++$last_id;
    take($pdu);
    send_receipt($peer, $pdu, $id) if $wanted{'receipt-first'};
    $peer->submit_sm_resp(seq => $pdu->{seq}, message_id => $id);
    send_receipt($peer, $pdu, $id) if !$wanted{'receipt-first'};
}

sub on_bind {
    my ($peer, $pdu, $respond) = @_;
    my $good = $pdu->{system_id} eq $wanted{'system-id'}
      && $pdu->{password} eq $wanted{password};
    $peer->$respond(seq => $pdu->{seq}, status => $good ? 0 : 0x0d, system_id => 'perl-smsc');
    say_line(bound => $respond =~ s/_resp//r) if $good;
    return $good;
}

my %does = (
    Net::SMPP::CMD_bind_transceiver() => sub { on_bind(@_, 'bind_transceiver_resp') },
    Net::SMPP::CMD_bind_transmitter() => sub { on_bind(@_, 'bind_transmitter_resp') },
    Net::SMPP::CMD_bind_receiver() => sub { on_bind(@_, 'bind_receiver_resp') },
    Net::SMPP::CMD_submit_sm() => sub { on_submit(@_); 1 },
    Net::SMPP::CMD_enquire_link() => sub { $_[0]->enquire_link_resp(seq => $_[1]{seq}); 1 },
    Net::SMPP::CMD_cancel_sm() => sub {
        say_line(cancelled => $_[1]{message_id}, from => $_[1]{source_addr},
            for => $_[1]{destination_addr});
        $_[0]->cancel_sm_resp(seq => $_[1]{seq});
        1;
    },
    Net::SMPP::CMD_deliver_sm() | 0x80000000 =>
      sub { say_line(receipt => $last_id, answered => $_[1]{status}); 1 },
    Net::SMPP::CMD_data_sm() | 0x80000000 =>
      sub { say_line(receipt => $last_id, answered => $_[1]{status}); 1 },
);

my $listener = Net::SMPP->new_listen('127.0.0.1', port => $wanted{port})
  or die "listen: $!\n";
my $sockets = IO::Select->new($listener);
say_line(listening => $listener->sockport);
while (my @ready = $sockets->can_read) {
    for my $socket (@ready) {
        if ($socket == $listener) {
            $sockets->add(scalar $listener->accept);
            next;
        }
        my $pdu = $socket->read_pdu;
        my $do = $pdu && $does{ $pdu->{cmd} };
        if ($pdu && !($pdu->{cmd} & 0x80000000)) {
            say_line(fault => "sequence $pdu->{seq} after $newest{$socket}")
              if $pdu->{seq} <= ($newest{$socket} // 0);
            $newest{$socket} = $pdu->{seq};
        }
        next if $do && $do->($socket, $pdu);
        next if $pdu && !$do && $pdu->{cmd} != 6;
        $socket->unbind_resp(seq => $pdu->{seq}) if $pdu && $pdu->{cmd} == 6;
        $sockets->remove($socket);
        delete $newest{$socket};
        close $socket;
    }
}

# Net::SMTP of Perl: port, tls|starttls, user, password, from, to, certificate; the message on standard input.
use strict;
use warnings;
use Net::SMTP;

my ($port, $mode, $user, $password, $from, $to, $ca) = @ARGV;
my @trust = (SSL_ca_file => $ca, SSL_verifycn_name => 'localhost');
my $smtp = Net::SMTP->new('127.0.0.1', Port => $port, SSL => $mode eq 'tls', Timeout => 20, @trust)
  or die "no connection: $@";
$mode eq 'tls' or $smtp->starttls(@trust) or die 'STARTTLS: ' . $smtp->message;
$smtp->auth($user, $password) or die 'AUTH: ' . $smtp->message;
my $message = do { local $/; <STDIN> };
$smtp->mail($from) && $smtp->to($to) && $smtp->data($message) or die $smtp->message;
$smtp->quit;

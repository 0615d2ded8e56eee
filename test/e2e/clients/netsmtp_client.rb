# net/smtp of Ruby: port, tls|starttls, user, password, from, to, certificate; the message on standard input.
require 'net/smtp'
require 'openssl'

port, mode, user, password, from, to, ca = ARGV
context = OpenSSL::SSL::SSLContext.new
context.set_params(ca_file: ca)
smtp = Net::SMTP.new('localhost', port.to_i)
mode == 'tls' ? smtp.enable_tls(context) : smtp.enable_starttls(context)
smtp.start('client.example', user, password, :plain) { |s| s.send_message($stdin.read, from, to) }

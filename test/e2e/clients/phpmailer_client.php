<?php
// PHPMailer: port, tls|starttls, user, password, from, to, certificate, subject; the text on standard input.
require 'libphp-phpmailer/autoload.php';

[, $port, $mode, $user, $password, $from, $to, $ca, $subject] = $argv;
$mail = new PHPMailer\PHPMailer\PHPMailer(true);
$mail->isSMTP();
$mail->Host = 'localhost';
$mail->Port = (int) $port;
$mail->SMTPSecure = $mode === 'tls' ? 'ssl' : 'tls';
$mail->SMTPAuth = true;
$mail->Username = $user;
$mail->Password = $password;
$mail->SMTPOptions = ['ssl' => ['cafile' => $ca]];
$mail->CharSet = 'utf-8';
$mail->setFrom($from, 'Alice');
$mail->addAddress($to);
$mail->Subject = $subject;
$mail->Body = stream_get_contents(STDIN);
$mail->send();

/**
 * Mail as programs write it: shapes of real ones, shortened. One char per octet, lines in CRLF.
 *
 * All are from alice@example.net, and all are fit to be sent to a hop that takes 8 bits.
 */

const mail = (from: string, lines: string): string =>
  `From: ${from}\nTo: bob@example.org\nDate: Tue, 24 Nov 2026 06:25:50 +0100\nMessage-ID: <5f0e1d2c@example.net>\n${lines}`
    .replaceAll("\n", "\r\n");

const ALICE = "Alice Smith <alice@example.net>";
const UE = "\xc3\xbc"; // a small u with two dots, in UTF-8
const BASE64 =
  "JVBERi0xLjcKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSL0ZpbHRlci9GbGF0ZURl\nY29kZT4+CnN0cmVhbQo=\n";
const LONG = `<p>${"long line of a template ".repeat(60)}</p>`;

/** By the program, or what it is. */
export const WILD: Readonly<Record<string, string>> = {
  outlook: mail(
    '"Smith, Alice" <alice@example.net>',
    `Subject: RE: Angebot\nMIME-Version: 1.0\nContent-Type: multipart/related;\n\tboundary="----=_NextPart_000_0011_01DD5D3A.1E6F7A40";\n\ttype="multipart/alternative"\nX-Mailer: Microsoft Outlook 16.0\nThread-Index: AdpdOh5vekAAAAAA\nContent-Language: de\n\nThis is a multipart message in MIME format.\n\n------=_NextPart_000_0011_01DD5D3A.1E6F7A40\nContent-Type: multipart/alternative;\n\tboundary="----=_NextPart_001_0012_01DD5D3A.1E6F7A40"\n\n\n------=_NextPart_001_0012_01DD5D3A.1E6F7A40\nContent-Type: text/plain;\n\tcharset="iso-8859-1"\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n\n------=_NextPart_001_0012_01DD5D3A.1E6F7A40\nContent-Type: text/html;\n\tcharset="iso-8859-1"\nContent-Transfer-Encoding: quoted-printable\n\n<html><body>Gr=FC=DFe<img src=3D"cid:i@01"></body></html>\n\n------=_NextPart_001_0012_01DD5D3A.1E6F7A40--\n\n------=_NextPart_000_0011_01DD5D3A.1E6F7A40\nContent-Type: image/png;\n\tname="image001.png"\nContent-Transfer-Encoding: base64\nContent-ID: <i@01>\n\n${BASE64}\n------=_NextPart_000_0011_01DD5D3A.1E6F7A40--\n\n`,
  ),
  tnef: mail(
    ALICE,
    `Subject: Meeting\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="_000_TNEF_"\n\n--_000_TNEF_\nContent-Type: text/plain; charset="us-ascii"\nContent-Transfer-Encoding: 7bit\n\nSee attachment.\n--_000_TNEF_\nContent-Type: application/ms-tnef; name="winmail.dat"\nContent-Transfer-Encoding: binary\n\nx\x9f>"\xef\xbf\xc3${UE}\n--_000_TNEF_--\n`,
  ),
  appleMail: mail(
    ALICE,
    `Subject: Fotos\nContent-Type: multipart/alternative;\n\tboundary="Apple-Mail=_0B1C"\nMime-Version: 1.0 (Mac OS X Mail 16.0 \\(3774.100.2.1.4\\))\n\n\n--Apple-Mail=_0B1C\nContent-Transfer-Encoding: 8bit\nContent-Type: text/plain;\n\tcharset=utf-8\n\nGr${UE}\xc3\x9fe\n\n--Apple-Mail=_0B1C\nContent-Type: multipart/mixed;\n\tboundary="Apple-Mail=_2D3E"\n\n\n--Apple-Mail=_2D3E\nContent-Transfer-Encoding: 7bit\nContent-Type: text/html;\n\tcharset=us-ascii\n\n<html><body>${
      "x".repeat(900)
    }</body></html>\n--Apple-Mail=_2D3E\nContent-Disposition: inline;\n\tfilename*=utf-8''gr%C3%BCn.pdf\nContent-Type: application/pdf;\n\tx-unix-mode=0644;\n\tname="=?utf-8?Q?gr=C3=BCn=2Epdf?="\nContent-Transfer-Encoding: base64\n\n${BASE64}\n--Apple-Mail=_2D3E--\n\n--Apple-Mail=_0B1C--\n`,
  ),
  thunderbird: mail(
    ALICE,
    `Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\nMIME-Version: 1.0\nUser-Agent: Mozilla Thunderbird\nContent-Type: multipart/mixed; boundary="------------0k0U0Y"\n\nThis is a multi-part message in MIME format.\n--------------0k0U0Y\nContent-Type: text/plain; charset=UTF-8; format=flowed\nContent-Transfer-Encoding: 8bit\n\nGr${UE}\xc3\x9fe, \nund eine Zeile.\n-- \nAlice\n\n--------------0k0U0Y\nContent-Type: text/x-patch; charset=UTF-8; name="a.patch"\nContent-Disposition: attachment; filename="a.patch"\nContent-Transfer-Encoding: 8bit\n\n--- a\n+++ b\n-${UE}\n+${UE}${UE}\n\n--------------0k0U0Y--\n`,
  ),
  mutt: mail(
    ALICE,
    `Subject: patch\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Disposition: inline\nContent-Transfer-Encoding: 8bit\nUser-Agent: Mutt/2.2.12\n\nHallo,\n\n.\n..\n.hidden\nFrom here on ${UE}.\n\n-- \nAlice\n`,
  ),
  gmail: mail(
    ALICE,
    `Subject: hi\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="000000000000d9a4"\n\n--000000000000d9a4\nContent-Type: text/plain; charset="UTF-8"\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe =F0=9F=98=80\n\n--000000000000d9a4\nContent-Type: text/html; charset="UTF-8"\nContent-Transfer-Encoding: quoted-printable\n\n<div dir=3D"ltr">Gr=C3=BC=C3=9Fe</div>\n\n--000000000000d9a4--`,
  ),
  phpMailer: mail(
    "Shop <alice@example.net>",
    `Subject: Bestellung\nX-Mailer: PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)\nMIME-Version: 1.0\nContent-Type: multipart/alternative;\n boundary="b1_x8Kq"\nContent-Transfer-Encoding: 8bit\n\nThis is a multi-part message in MIME format.\n\n--b1_x8Kq\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nSumme: 12,00 \xe2\x82\xac\n\n--b1_x8Kq\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${LONG}\n\n--b1_x8Kq--\n`,
  ),
  cron: mail(
    '"(Cron Daemon)" <alice@example.net>',
    `Subject: Cron <root@host> test -x /usr/sbin/anacron\nContent-Type: text/plain; charset=UTF-8\nAuto-Submitted: auto-generated\nPrecedence: bulk\nX-Cron-Env: <SHELL=/bin/sh>\n\n/etc/cron.daily/logrotate:\nerror: ${
      "x".repeat(1200)
    }\n`,
  ),
  gitSendEmail: mail(
    ALICE,
    `Subject: [PATCH 1/2] tree: =?UTF-8?q?Gr=C3=BCn?=\nX-Mailer: git-send-email 2.47.1\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\nFrom: Bob <bob@example.org>\n\nSigned-off-by: ${UE}\n---\n a.c | 2 +-\n\ndiff --git a/a.c b/a.c\n@@ -1 +1 @@\n-\tint a; \n+\tint b;\t\n-- \n2.47.1\n\n`,
  ),
  calendar: mail(
    ALICE,
    `Subject: Einladung\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="cal"\n\n--cal\nContent-Type: multipart/alternative; boundary="cal2"\n\n--cal2\nContent-Type: text/plain; charset=utf-8\n\nTermin ${UE}\n--cal2\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\nContent-Transfer-Encoding: 8bit\nContent-Class: urn:content-classes:calendarmessage\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nSUMMARY:B${UE}ro\nEND:VCALENDAR\n--cal2--\n--cal\nContent-Type: application/ics; name="invite.ics"\nContent-Disposition: attachment; filename="invite.ics"\nContent-Transfer-Encoding: base64\n\n${BASE64}--cal--\n`,
  ),
  smime: mail(
    ALICE,
    `Subject: signed\nMIME-Version: 1.0\nContent-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="sm"\n\nThis is an S/MIME signed message\n\n--sm\nContent-Type: text/plain; charset=us-ascii\n\nsigned text \n\n--sm\nContent-Type: application/pkcs7-signature; name="smime.p7s"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename="smime.p7s"\n\n${BASE64}\n--sm--\n\n`,
  ),
  pgp: mail(
    ALICE,
    `Subject: ...\nMIME-Version: 1.0\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted";\n boundary="pg p"\n\nThis is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\n--pg p\nContent-Type: application/pgp-encrypted\nContent-Description: PGP/MIME version identification\n\nVersion: 1\n\n--pg p\nContent-Type: application/octet-stream; name="encrypted.asc"\n\n-----BEGIN PGP MESSAGE-----\n\n${BASE64}=Xx1Y\n-----END PGP MESSAGE-----\n\n--pg p--\n`,
  ),
  digest: mail(
    ALICE,
    `Subject: Digest, Vol 1\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="==M=="\n\n--==M==\nContent-Type: text/plain; charset="us-ascii"\nContent-Description: =?utf-8?q?masthead_=C3=BC?=\n\nTopics\n--==M==\nContent-Type: multipart/digest; boundary="==D=="\n\n--==D==\n\nFrom: bob@example.org\nSubject: one\n\nfirst\n--==D==\nContent-Type: message/rfc822\nMIME-Version: 1.0\n\nFrom: carol@example.org\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nzw${UE}lf\n--==D==--\n--==M==--\n`,
  ),
  report: mail(
    ALICE,
    `Subject: Undelivered Mail\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n\tboundary="r/1"\n\nThis is a MIME-encapsulated message.\n\n--r/1\nContent-Description: Notification\nContent-Type: text/plain; charset=us-ascii\n\nIt failed.\n\n--r/1\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; x@example.org\nAction: failed\nStatus: 5.1.1\n\n--r/1\nContent-Description: Undelivered Message\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nFrom: alice@example.net\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nGr\xfc\xdfe\n\n--r/1--\n`,
  ),
  nested: mail(
    ALICE,
    `Subject: Fwd: Fwd\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\nFrom: b@example.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=n\n\nnested preamble\n--n\nContent-Type: message/rfc822\nContent-Disposition: attachment; filename="Fwd: x.eml"\n\nFrom: c@example.org\nContent-Type: multipart/mixed; boundary=nn\nMIME-Version: 1.0\n\n--nn\n\nno header ${UE}\n--nn\nContent-Type: text/html; charset=utf-8\n\n${LONG}\n--nn--\nepilogue\n--n--\n`,
  ),
  uuencode: mail(
    ALICE,
    `Subject: a file\n\nbegin 644 hello.txt\n+:&5L;&\\@=V]R;&0*\n\`\nend\n`,
  ),
  noBoundary: mail(
    ALICE,
    `Subject: broken\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=missing\n\nNo boundary line anywhere.\n--other\nContent-Type: text/plain\n\ntext\n`,
  ),
  unclosed: mail(
    ALICE,
    `Subject: broken\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=u\n\n--u\nContent-Type: text/plain; charset=utf-8\n\ntext ${UE}\n--u\nContent-Type: image/gif\nContent-Transfer-Encoding: base64\n\nR0lGODlhAQABAAAAACw=`,
  ),
  rawLatin1: mail(
    ALICE,
    `Subject: alt\nMIME-Version: 1.0\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nGr\xfc\xdfe aus K\xf6ln\n`,
  ),
  unlabelled: mail(ALICE, `Subject: script\n\nGr${UE}\xc3\x9fe aus K\xc3\xb6ln`),
  rawHeaders: mail(
    `Gr${UE}n <alice@example.net>`,
    `Subject: Gr${UE}\xc3\x9fe\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=raw\n\n--raw\nContent-Type: text/plain; charset=utf-8\nContent-Description: gr${UE}n\n\ngr${UE}n\n--raw\nContent-Type: application/pdf; name="gr${UE}n; a.pdf"\nContent-Disposition: attachment; filename="gr${UE}n; a.pdf"\nContent-Transfer-Encoding: base64\n\n${BASE64}--raw--\n`,
  ),
  longLines: mail(
    ALICE,
    `Subject: newsletter\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="nl"\n\n--nl\nContent-Type: text/plain; charset=us-ascii\n\n${
      "w".repeat(2000)
    }\n--nl\nContent-Type: text/html; charset=utf-8\n\n${LONG}\xe2\x82\xac${
      "=".repeat(1100)
    } \t\n\n--nl--\n`,
  ),
  blanks: mail(
    ALICE,
    `Subject: blanks\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n${UE} \n \n\t\n.\n..\n\n\n${UE}=20\n  ${
      "y".repeat(999)
    } \n\n\n`,
  ),
};

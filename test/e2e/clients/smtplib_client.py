"""Sends standard input with Python's smtplib: HOST PORT starttls|tls USER PASSWORD FROM TO"""
import smtplib
import ssl
import sys

host, port, mode, user, password, sender, to = sys.argv[1:8]
context = ssl._create_unverified_context()
if mode == "tls":
    client = smtplib.SMTP_SSL(host, int(port), context=context, timeout=20)
else:
    client = smtplib.SMTP(host, int(port), timeout=20)
    client.starttls(context=context)
client.login(user, password)
client.sendmail(sender, [to], sys.stdin.buffer.read())
client.quit()

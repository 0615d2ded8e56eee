"""Speaks SMTP step by step over implicit TLS: a JSON job on stdin, the replies as JSON on stdout.

{"port": 465, "user": "..", "password": "..", "steps": [{"command": "MAIL FROM:<..>"}, {"chunk": "hex", "last": true}]}
"""
import json
import smtplib
import ssl
import sys

job = json.load(sys.stdin)
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
with smtplib.SMTP_SSL("127.0.0.1", job["port"], context=context, timeout=30) as client:
    client.ehlo()
    client.login(job["user"], job["password"])
    replies = []
    for step in job["steps"]:
        if "command" in step:
            code, text = client.docmd(step["command"])
        elif "data" in step:
            code, text = client.data(bytes.fromhex(step["data"]))
        else:
            octets = bytes.fromhex(step["chunk"])
            last = " LAST" if step.get("last") else ""
            client.send(f"BDAT {len(octets)}{last}\r\n".encode() + octets)
            code, text = client.getreply()
        replies.append(f"{code} {text.decode()}")
    print(json.dumps({"offered": sorted(client.esmtp_features), "replies": replies}))

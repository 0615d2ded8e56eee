import assert from "node:assert/strict";
import fc from "fast-check";
import { hideLogin, parseVia } from "../../../../lib/config/values/via.ts";

const host = (scheme: string, name: string, port: number) => ({
  _tag: "Host",
  scheme,
  host: name,
  port,
  username: null,
  password: null,
});

for (
  const [text, want] of [
    ["smtp://127.0.0.1:2525", host("smtp", "127.0.0.1", 2525)],
    ["smtp://mx.example", host("smtp", "mx.example", 25)],
    ["smtp:mx.example:26", host("smtp", "mx.example", 26)],
    ["smtps://mx.example/", host("smtps", "mx.example", 465)],
    ["lmtp://[::1]:24", host("lmtp", "::1", 24)],
    ["lmtp://::1", host("lmtp", "::1", 24)],
    ["mx", { _tag: "Mx", port: 25 }],
    ["mx:2525", { _tag: "Mx", port: 2525 }],
    ["maildir:out/box", { _tag: "Path", scheme: "maildir", path: "out/box" }],
    ["maildir:///var/mail", { _tag: "Path", scheme: "maildir", path: "/var/mail" }],
    ["lmtp+unix:/run/lmtp", { _tag: "Path", scheme: "lmtp+unix", path: "/run/lmtp" }],
    ["smtp://u%40d:p%3A@h.example:587", {
      ...host("smtp", "h.example", 587),
      username: "u@d",
      password: "p:",
    }],
    ["smtp://u:a:b@c@h.example", {
      ...host("smtp", "h.example", 25),
      username: "u",
      password: "a:b@c",
    }],
    ["smtp://u@h.example", { ...host("smtp", "h.example", 25), username: "u" }],
    ["smtp://u:%zz@h.example", null],
    ["smtp://:p@h.example", null],
    ["smtp://", null],
    ["smtp://h.example:0", null],
    ["smtp://h_.example", null],
    ["smtp://h.example/path", null],
    ["smtp", null],
    ["mx:", null],
    ["maildir:", null],
    ["maildir:a\0b", null],
    ["http://h.example", null],
    ["SMTP://h.example", null],
    ["", null],
  ] as const
) {
  Deno.test(`parseVia() reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseVia(text), want);
  });
}

Deno.test("hideLogin() leaves nothing of what stands before the host", () => {
  fc.assert(fc.property(fc.stringMatching(/^[a-z0-9:@/]{6,20}$/), (secret) => {
    assert.ok(!hideLogin(`smtp://${secret}@h.example`).includes(secret));
    assert.ok(!hideLogin(`smtp:${secret}@h.example`).includes(secret));
  }));
});

Deno.test("parseVia() never throws", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (s) => {
    for (const scheme of ["", "smtp:", "smtp://", "lmtp+unix:", "mx:"]) parseVia(scheme + s);
  }));
});

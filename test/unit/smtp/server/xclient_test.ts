import assert from "node:assert/strict";
import fc from "fast-check";
import { extensions } from "../../../../lib/smtp/server/extensions/all.ts";
import { xclient } from "../../../../lib/smtp/server/extensions/xclient.ts";
import { fresh, type Output } from "../../../../lib/smtp/server/state.ts";
import type { Rules } from "../../../../lib/smtp/server/extension.ts";
import { step } from "../../../../lib/smtp/server/step.ts";
import { RULES, Session } from "../../../support/session.ts";
import { octets } from "../../../support/octets.ts";

const TRUSTED: Rules = { ...RULES, extensions: [...extensions, xclient] };

const outputs = (line: string, rules = TRUSTED): ReadonlyArray<Output> => {
  const result = { _tag: "Line" as const, text: line, ascii: true };
  const [, ...out] = step(rules, fresh(true), { _tag: "Line", line: result, more: false });
  return out;
};

const said = (out: ReadonlyArray<Output>): ReadonlyArray<string> =>
  out.map((o) =>
    o._tag === "Client" ? `${o.address} ${o.port}` : o._tag === "Send" ? `${o.reply.code}` : o._tag
  );

for (
  const [line, want] of [
    ["XCLIENT ADDR=192.0.2.7 PORT=40000", ["192.0.2.7 40000", "220"]],
    ["xclient addr=192.0.2.7", ["192.0.2.7 0", "220"]],
    ["XCLIENT ADDR=IPV6:2001:db8::1 NAME=host.example PROTO=ESMTP HELO=x", [
      "2001:db8::1 0",
      "220",
    ]],
    ["XCLIENT NAME=[UNAVAILABLE] ADDR=[TEMPUNAVAIL]", ["220"]],
    ["XCLIENT ADDR=192.0.2.300", ["501"]],
    ["XCLIENT ADDR=host.example", ["501"]],
    ["XCLIENT ADDR=192.0.2.7+0D+0A", ["501"]],
    ["XCLIENT PORT=65536", ["501"]],
    ["XCLIENT LOGIN=alice", ["501"]],
    ["XCLIENT ADDR", ["501"]],
    ["XCLIENT", ["501"]],
  ] as const
) {
  Deno.test(`XCLIENT of a trusted proxy: ${line}`, () =>
    assert.deepEqual(said(outputs(line)), want));
}

Deno.test("XCLIENT is unknown to everybody else, and not in EHLO", () => {
  assert.deepEqual(said(outputs("XCLIENT ADDR=192.0.2.7", RULES)), ["502"]);
  const listed = (rules: Rules) =>
    new Session(rules, true).write(octets("EHLO x\r\n")).some((l) => l.includes("XCLIENT"));
  assert.deepEqual([listed(RULES), listed(TRUSTED)], [false, true]);
});

Deno.test("XCLIENT begins the session again, and is refused behind a login", () => {
  const s = new Session(TRUSTED, true);
  s.write(octets("EHLO proxy.example\r\n"));
  assert.match(s.write(octets("XCLIENT ADDR=192.0.2.7\r\n"))[0] ?? "", /^220 msa\.example\.net/);
  assert.match(s.write(octets("MAIL FROM:<alice@example.net>\r\n"))[0] ?? "", /^503 /);
  s.write(octets("EHLO client.example\r\n"));
  s.write(octets(`AUTH PLAIN ${btoa("\0alice@example.net\0secret")}\r\n`));
  assert.match(s.write(octets("XCLIENT ADDR=192.0.2.8\r\n"))[0] ?? "", /^503 /);
});

Deno.test("XCLIENT cannot be used to go on for ever", () => {
  const s = new Session(TRUSTED, true);
  let last = "";
  for (let n = 0; n < 200 && !s.closed; n++) {
    last = s.write(octets("XCLIENT ADDR=192.0.2.7\r\n")).at(-1) ?? "";
  }
  assert.ok(s.closed && last.startsWith("421"), last);
});

Deno.test("XCLIENT never throws, and never names what is no address", () => {
  const part = fc.constantFrom(
    "ADDR=",
    "PORT=",
    "NAME=",
    "IPV6:",
    "192.0.2.7",
    "2001:db8::1",
    "+41",
    "[UNAVAILABLE]",
    " ",
    ":",
    "=",
    "x",
  );
  fc.assert(fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
    for (const o of outputs(`XCLIENT ${parts.join("")}`)) {
      if (o._tag === "Client") assert.match(o.address, /^[0-9a-f.:]+$/i);
    }
  }));
});

import assert from "node:assert/strict";
import { login, Machine, session } from "./machine.ts";

Deno.test("step() says EHLO after the greeting and is ready after its answer. HOP-10", () => {
  const m = new Machine().hear("220 hop.test|");
  assert.equal(m.sent(), "EHLO msa.example.net|");
  m.hear("250-hop.test|250 SIZE 1000|");
  assert.equal(m.state._tag, "Ready");
  assert.ok(m.has("Opened"));
});

Deno.test("step() falls back to HELO where EHLO is not known. HOP-10", () => {
  const m = new Machine().hear("220 x|").hear("502 what|");
  assert.equal(m.sent(), "EHLO msa.example.net|HELO msa.example.net|");
  assert.equal(m.hear("250 x|").state._tag, "Ready");
});

Deno.test("step() says LHLO to an LMTP server and never HELO. HOP-16", () => {
  const m = new Machine({ ...session, protocol: "LMTP" }).hear("220 x|").hear("500 what|");
  assert.equal(m.refused, "EHLO permanent 5.5.0");
  assert.equal(m.sent(), "LHLO msa.example.net|");
});

for (
  const c of [
    { name: "a 554 greeting", wire: ["554 5.3.2 no|"], want: "greeting permanent 5.3.2" },
    { name: "a 421 greeting", wire: ["421 busy|"], want: "greeting temporary 4.3.2" },
    { name: "garbage for a greeting", wire: ["SSH-2.0|"], want: "greeting temporary 4.5.0" },
    {
      name: "a server that talks on behind its greeting",
      wire: ["220 x|250 y|"],
      want: "greeting temporary 4.5.0",
    },
    { name: "EHLO put off", wire: ["220 x|", "451 later|"], want: "EHLO temporary 4.3.0" },
    { name: "HELO refused", wire: ["220 x|", "500|", "550 no|"], want: "EHLO permanent 5.0.0" },
  ]
) {
  Deno.test(`step() gives ${c.name} as ${c.want}`, () => {
    const m = new Machine();
    for (const w of c.wire) m.hear(w);
    assert.equal(m.refused, c.want);
    assert.ok(m.has("Close"));
  });
}

const offer = "250-x|250 STARTTLS|";

Deno.test("step() uses STARTTLS where offered and repeats EHLO after it", () => {
  const m = new Machine({ ...session, policy: "opportunistic" }).hear("220 x|").hear(offer);
  assert.equal(m.sent(), "EHLO msa.example.net|STARTTLS|");
  m.hear("220 go|");
  assert.ok(m.has("StartTls"));
  m.input({ _tag: "TlsUp", verified: false });
  assert.equal(m.sent(), "EHLO msa.example.net|");
  assert.equal(m.hear("250 x|").state._tag, "Ready");
});

Deno.test("step() forgets what was offered before TLS", () => {
  const m = new Machine({ ...session, policy: "opportunistic" })
    .hear("220 x|").hear("250-x|250-PIPELINING|250 STARTTLS|").hear("220 go|")
    .input({ _tag: "TlsUp", verified: false }).hear("250 x|");
  assert.ok(m.state._tag === "Ready" && !m.state.offer.pipelining);
});

Deno.test("step() aborts where octets stand behind the 220 to STARTTLS", () => {
  const m = new Machine({ ...session, policy: "opportunistic" })
    .hear("220 x|").hear(offer).hear("220 go|250 evil|");
  assert.equal(m.refused, "TLS temporary 4.7.5");
  assert.ok(!m.has("StartTls"));
});

Deno.test("step() aborts where half a reply stands behind the 220 to STARTTLS", () => {
  const m = new Machine({ ...session, policy: "opportunistic" })
    .hear("220 x|").hear(offer).hear("220 go|2");
  assert.equal(m.refused, "TLS temporary 4.7.5");
});

Deno.test("step() goes on in clear where opportunistic STARTTLS is turned down. HOP-20", () => {
  const m = new Machine({ ...session, policy: "opportunistic" })
    .hear("220 x|").hear(offer).hear("454 not now|");
  assert.equal(m.state._tag, "Ready");
});

for (
  const c of [
    { name: "is not offered", wire: ["250 x|"] },
    { name: "is turned down", wire: [offer, "454 not now|"] },
    { name: "is refused", wire: [offer, "502 no|"] },
  ]
) {
  Deno.test(`step() sends nothing where required STARTTLS ${c.name}`, () => {
    const m = new Machine({ ...session, policy: "required" }).hear("220 x|");
    for (const w of c.wire) m.hear(w);
    assert.match(m.refused ?? "", /^TLS temporary 4\.7\./);
    assert.ok(!m.sent().includes("MAIL"));
  });
}

Deno.test("step() takes no unverified TLS where verified is required", () => {
  const m = new Machine({ ...session, policy: "required" })
    .hear("220 x|").hear(offer).hear("220 go|").input({ _tag: "TlsUp", verified: false });
  assert.equal(m.refused, "TLS temporary 4.7.5");
});

const signedIn = (tls: "clear" | "unverified" | "verified", ehlo: string): Machine =>
  new Machine({ ...session, tls, credentials: login }).hear("220 x|").hear(ehlo);

Deno.test("step() signs in with PLAIN under verified TLS", () => {
  const m = signedIn("verified", "250-x|250 AUTH LOGIN PLAIN|");
  assert.equal(m.sent(), `EHLO msa.example.net|AUTH PLAIN ${btoa("\0u\0p")}|`);
  assert.equal(m.hear("235 hello|").state._tag, "Ready");
});

Deno.test("step() signs in with LOGIN where only that is offered", () => {
  const m = signedIn("verified", "250-x|250 AUTH LOGIN|").hear("334 VXNlcm5hbWU6|")
    .hear("334 UGFzc3dvcmQ6|");
  assert.equal(m.sent(), `EHLO msa.example.net|AUTH LOGIN|${btoa("u")}|${btoa("p")}|`);
  assert.equal(m.hear("235 hello|").state._tag, "Ready");
});

for (
  const c of [
    {
      name: "TLS is not there",
      tls: "clear",
      ehlo: "250-x|250 AUTH PLAIN|",
      want: "AUTH temporary 4.7.5",
    },
    {
      name: "TLS is not verified",
      tls: "unverified",
      ehlo: "250-x|250 AUTH PLAIN|",
      want: "AUTH temporary 4.7.5",
    },
    {
      name: "no known mechanism is offered",
      tls: "verified",
      ehlo: "250-x|250 AUTH GSSAPI|",
      want: "AUTH temporary 4.7.4",
    },
  ] as const
) {
  Deno.test(`step() keeps the password back where ${c.name}`, () => {
    const m = signedIn(c.tls, c.ehlo);
    assert.equal(m.refused, c.want);
    assert.equal(m.sent(), "EHLO msa.example.net|");
  });
}

Deno.test("step() makes nothing permanent of a 535", () => {
  const m = signedIn("verified", "250-x|250 AUTH PLAIN|").hear("535 5.7.8 no|");
  assert.equal(m.refused, "AUTH temporary 4.7.8");
});

Deno.test("step() closes where an idle server speaks up", () => {
  const m = new Machine().open().hear("421 idle|");
  assert.equal(m.state._tag, "Closed");
});

Deno.test("step() says QUIT and closes after its answer. HOP-10", () => {
  const m = new Machine().open().input({ _tag: "Quit" });
  assert.equal(m.sent(), "QUIT|");
  assert.ok(m.hear("221 bye|").has("Close"));
});

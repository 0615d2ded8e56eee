/** What peers say: replies of a next hop, SASL responses, DNS answers, a balancer's header. */
import assert from "node:assert/strict";
import { readProxyHeader } from "../../../lib/net/proxy_header.ts";
import type { ScramKeys } from "../../../lib/envelope/login.ts";
import { MECHANISMS, mechanismsOf } from "../../../lib/sasl/all.ts";
import type { SaslStep } from "../../../lib/sasl/mechanism.ts";
import { ReplyReader } from "../../../lib/smtp/client/reply_reader.ts";
import { opening } from "../../../lib/smtp/client/state.ts";
import { step } from "../../../lib/smtp/client/step.ts";
import { mail, session } from "../../unit/smtp/client/machine.ts";
import { pieces, type Target } from "../target.ts";

/** A hostile next hop against reader and machine: it may refuse a message, and not more. */
export const nextHop: Target = {
  name: "next_hop",
  tokens: [
    "220 hop.test\r\n",
    "250-hop.test\r\n",
    "250-PIPELINING\r\n",
    "250-SIZE 1000\r\n",
    "250-8BITMIME\r\n",
    "250-STARTTLS\r\n",
    "250 SMTPUTF8\r\n",
    "250 ok\r\n",
    "250 2.1.0 ok\r\n",
    "354 go\r\n",
    "421 4.3.2 bye\r\n",
    "450 4.2.1 later\r\n",
    "550 5.1.1 who\r\n",
    "552 5.2.2 full\r\n",
    "250-",
    "999 x\r\n",
    "\r\n",
    "x".repeat(300),
    "334 \r\n",
    "\n",
  ],
  seeds: [
    "220 hop.test\r\n250-hop.test\r\n250-PIPELINING\r\n250 SIZE 1000\r\n250 a\r\n250 b\r\n354 go\r\n250 kept\r\n",
    "220-a\r\n220 b\r\n250 hop.test\r\n250 a\r\n550 5.1.1 who\r\n250 a\r\n250 b\r\n354 go\r\n421 x\r\n",
  ],
  run: (input, random) => {
    const reader = new ReplyReader();
    let state = opening(session);
    let begun = 0;
    let finished = 0;
    const apply = (i: Parameters<typeof step>[1]): void => {
      const [next, ...outputs] = step(state, i);
      state = next;
      for (const o of outputs) {
        if (o._tag === "Finished") {
          finished++;
          for (const v of o.verdicts) assert.match(v.text, /^[\x20-\x7e]*$/);
        }
        if (o._tag === "SendContent") apply({ _tag: "ContentSent" });
        if (o._tag === "Send") {
          assert.match(o.text, /^(?:[^\r\n\0]+\r\n|\.\r\n)+$/, "a command that is more than lines");
        }
      }
    };
    for (const piece of pieces(input, random)) {
      reader.feed(piece);
      for (let r = reader.next(); r !== null && state._tag !== "Closed"; r = reader.next()) {
        apply(r._tag === "Reply" ? { ...r, more: reader.pending } : { _tag: "Garbage" });
        if (state._tag === "Ready" || (state._tag === "Transaction" && state.next === null)) {
          begun++;
          apply({ _tag: "Deliver", mail });
        }
      }
      if (state._tag === "Closed") break;
    }
    const open = state._tag === "Transaction" ? 1 + (state.next === null ? 0 : 1) : 0;
    const dropped = state._tag === "Closed" ? 1 : 0;
    assert.ok(
      finished + open <= begun && begun <= finished + open + dropped,
      "a message was lost sight of",
    );
  },
};

/** Keys that no password has. */
const SCRAM_KEYS: ScramKeys = {
  salt: new Uint8Array(16).fill(1),
  iterations: 4096,
  storedKey: new Uint8Array(32).fill(2),
  serverKey: new Uint8Array(32).fill(3),
  revision: 1,
  nonce: "3rfcNHYJY1ZVvWVs7j",
};

export const sasl: Target = {
  name: "sasl",
  tokens: [
    "\0",
    "user",
    "pass",
    "a@example.net",
    "n,,",
    "n=",
    "r=",
    "c=biws",
    "p=",
    ",",
    "=",
    "=2C",
    "\x01",
    "auth=Bearer ",
  ],
  seeds: [
    "\0alice@example.net\0secret",
    "authzid\0alice\0secret",
    "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    "p=tls-server-end-point,a=bob,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    "n,a=user@example.com,\x01host=server.example.com\x01port=587\x01auth=Bearer vF9dft4\x01\x01",
    "user=a@example.net\x01auth=Bearer vF9dft4\x01\x01",
  ],
  run: (input, random) => {
    const exchange = {
      endPoint: random.below(2) === 0 ? null : SCRAM_KEYS.salt,
      certificate: random.below(2) === 0 ? null : "a@example.net",
      hosts: ["msa.example.net"],
      port: 587,
      plus: random.below(2) === 0,
    };
    for (const mechanism of mechanismsOf(MECHANISMS, { scope: "", openidConfiguration: "" })) {
      let s: SaslStep = mechanism.start(random.below(2) === 0 ? null : input, exchange);
      for (let n = 0; s._tag === "Challenge" || s._tag === "Keys"; n++) {
        assert.ok(n < 5, "an exchange without end");
        s = s._tag === "Keys" ? s.next(SCRAM_KEYS) : s.next(input);
      }
      if (s._tag === "Check" && s.claim._tag === "Proof") {
        assert.equal(s.claim.proof.valid, false, "a proof by chance");
      }
    }
  },
};

export const proxy: Target = {
  name: "proxy",
  tokens: [
    "PROXY ",
    "TCP4 ",
    "TCP6 ",
    "UNKNOWN",
    "192.0.2.1 ",
    "::1 ",
    "1 ",
    "65535",
    "\r\n",
    "\r\n\r\n\0\r\nQUIT\n",
    "\x21",
    "\x11",
    "\0\x0c",
  ],
  seeds: [
    "PROXY TCP4 192.0.2.7 198.51.100.1 56324 587\r\nEHLO x",
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\xdc\x04\x02\x4b",
  ],
  run: (input) => {
    const h = readProxyHeader(input);
    if (h._tag === "More") assert.ok(input.length < 4096, "waits without end");
    if (h._tag === "Header") assert.ok(h.octets <= input.length);
  },
};

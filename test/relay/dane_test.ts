/** DANE with a signed zone of BIND behind a validating Unbound, and next hops that keep their word or do not. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { resolverLayer } from "../../lib/dns/resolver.ts";
import { associated } from "../../lib/net/dane.ts";
import type { TlsLevel } from "../../lib/ports/routes.ts";
import type { StsPolicy } from "../../lib/ports/sts_policies.ts";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { startSigned, startUnbound, type ZoneText } from "../support/name_servers.ts";
import { installed } from "../support/postern.ts";
import { type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { makeAuthority, makeServer } from "../support/test_ca.ts";
import { type Running, withRelay } from "./harness.ts";

const PEERS = ["named", "dnssec-signzone", "unbound", "openssl"].every(installed);

const tlsa = (usage: number, selector: number, matching: number, pem: string): string =>
  `${usage} ${selector} ${matching} ${associated(new X509Certificate(pem), selector, matching)}`;

const WRONG = `3 1 1 ${"00".repeat(32)}`;

interface World {
  readonly relay: Running;
  readonly hops: Readonly<Record<"good" | "ta" | "plain" | "old", ScriptedHop>>;
  /** Sends to `x@domain`; the state and reply, and what the host was named. */
  readonly to: (
    domain: string,
    tlsOptional?: true,
    requireTls?: true,
  ) => Promise<readonly [string, string]>;
}

const withWorld = async (
  o: {
    readonly level?: TlsLevel;
    readonly sts?: Readonly<Record<string, StsPolicy>>;
    readonly keywords?: ReadonlyArray<string>;
  },
  body: (w: World) => Promise<void>,
): Promise<void> => {
  const dir = await Deno.makeTempDir();
  await makeAuthority(dir);
  const ta = await makeServer(dir, "ta", ["mx.ta.test"]);
  const own = await makeSelfSigned(["other.name.test"], Date.now());
  const gone = await makeSelfSigned(["mx.old.test"], Date.now() - 90 * 86_400_000, 30);
  const ca = await Deno.readTextFile(`${dir}/ca.pem`);
  const script: Script = o.keywords === undefined ? {} : { keywords: o.keywords };
  const on = (tls: Script["tls"]): Promise<ScriptedHop> =>
    ScriptedHop.start(tls === undefined ? script : { ...script, tls });
  const hops = {
    good: await on({ key: own.keyPem, cert: own.certificatePem }),
    ta: await on({ key: ta.key, cert: ta.chain }),
    plain: await on(undefined),
    old: await on({ key: gone.keyPem, cert: gone.certificatePem }),
  };
  const at = ({ port }: ScriptedHop) => `_${port}._tcp`;
  const eeOwn = tlsa(3, 1, 1, own.certificatePem);
  const zone = (text: string, signed = true): ZoneText => ({
    text: `@ 300 IN MX 10 mx\nmx 300 IN A 127.0.0.1\n${text}`,
    signed,
  });
  const { good, plain, old } = hops;
  const zones: Record<string, ZoneText> = {
    "match.test": zone(`${at(good)}.mx 300 IN TLSA ${WRONG}\n${at(good)}.mx 300 IN TLSA ${eeOwn}`),
    "full.test": zone(`${at(good)}.mx 300 IN TLSA ${tlsa(3, 0, 2, own.certificatePem)}`),
    "whole.test": zone(`${at(good)}.mx 300 IN TLSA ${tlsa(3, 0, 0, own.certificatePem)}`),
    "mismatch.test": zone(`${at(good)}.mx 300 IN TLSA ${WRONG}`),
    "stripped.test": zone(`${at(plain)}.mx 300 IN TLSA ${eeOwn}`),
    "old.test": zone(`${at(old)}.mx 300 IN TLSA ${tlsa(3, 1, 1, gone.certificatePem)}`),
    "ta.test": zone(`${at(hops.ta)}.mx 300 IN TLSA ${tlsa(2, 0, 1, ca)}`),
    "tawrong.test": zone(`${at(hops.ta)}.mx 300 IN TLSA ${tlsa(2, 1, 1, ca)}`),
    "unusable.test": zone(
      `${at(good)}.mx 300 IN TLSA ${eeOwn.replace("3", "1")}\n${at(plain)}.mx 300 IN TLSA ${
        eeOwn.replace("3", "0")
      }`,
    ),
    "none.test": zone(""),
    "insecure.test": zone(`${at(good)}.mx 300 IN TLSA ${WRONG}`, false),
    "alias.test": {
      text: `@ 300 IN MX 10 mx\nmx 300 IN CNAME mx.match.test.`,
      signed: true,
    },
    // the host is in a zone whose signatures do not hold
    "servfail.test": {
      text: `@ 300 IN MX 10 first\n@ 300 IN MX 20 mx.match.test.\nfirst 300 IN A 127.0.0.1\n` +
        `${at(good)}.first 300 IN CNAME tlsa.broken.test.`,
      signed: true,
    },
    "broken.test": { text: `tlsa 300 IN TLSA ${eeOwn}` },
  };
  const bind = await startSigned(zones);
  const unbound = await startUnbound(
    bind,
    Object.keys(zones).filter((z) => z !== "broken.test"),
    ["broken.test"],
  );
  try {
    await withRelay({
      hop: (address) => {
        const domain = address.slice(address.indexOf("@") + 1);
        const local = address.slice(0, address.indexOf("@"));
        const port =
          hops[local === "good" || local === "ta" || local === "old" ? local : "plain"].port;
        return { _tag: "Mx", domain, port, tls: o.level ?? "opportunistic" };
      },
      ...o.sts === undefined ? {} : { sts: o.sts },
      resolver: resolverLayer({
        servers: [{ _tag: "Plain", host: "127.0.0.1", port: unbound.port, trusted: true }],
        timeoutMs: 3_000,
        attempts: 2,
        trust: "auto",
        ca: null,
      }),
    }, async (relay) => {
      const to: World["to"] = async (address, tlsOptional, requireTls) => {
        const id = await relay.send({
          to: [address],
          envelope: {
            ...tlsOptional === undefined ? {} : { tlsOptional },
            ...requireTls === undefined ? {} : { requireTls },
          },
        });
        const [said = ""] = await relay.settled(id);
        return [said, (await relay.recipients(id))[0]?.lastRemote ?? ""];
      };
      await body({ relay, hops, to });
    });
  } finally {
    await unbound.stop();
    await bind.stop();
    await Promise.all(Object.values(hops).map((h) => h.stop()));
    await Deno.remove(dir, { recursive: true });
  }
};

const KEPT = "delivered: 250 2.0.0 kept";

const test = (
  name: string,
  o: Parameters<typeof withWorld>[0],
  body: (w: World) => Promise<void>,
) => Deno.test({ name: `relay ${name}`, ignore: !PEERS, fn: () => withWorld(o, body) });

test(
  "honours TLSA records of a signed zone, whatever the route says. HOP-21, HOP-22, HOP-23",
  {},
  async ({ to, hops }) => {
    // EE(3): neither the name nor an authority counts; one record of several is enough; all matching types
    for (const zone of ["match", "full", "whole", "alias"]) {
      const [said, remote] = await to(`good@${zone}.test`);
      assert.equal(said, KEPT, zone);
      assert.match(remote, /\(verified TLS; policy: DANE: TLSA of _\d+\._tcp\.mx\.[a-z]+\.test\)$/);
    }
    // the alias' end is the base. RFC 7672 §2.2.2
    assert.match((await to("good@alias.test"))[1], /mx\.match\.test\)$/);
    // nor does an expired date
    assert.equal((await to("old@old.test"))[0], KEPT);
    const before = hops.good.messages.length + hops.plain.messages.length;
    assert.match(
      (await to("good@mismatch.test"))[0],
      /^queued: TLS: DANE: certificate matches no TLSA record$/,
    );
    assert.match(
      (await to("plain@stripped.test"))[0],
      /^queued: Server offers no STARTTLS, which is required here$/,
    );
    assert.equal(hops.good.messages.length + hops.plain.messages.length, before);
    // TA(2): the chain up to the anchor, and a name
    assert.equal((await to("ta@ta.test"))[0], KEPT);
    assert.match(
      (await to("ta@tawrong.test"))[0],
      /^queued: TLS: DANE: certificate by the TLSA anchor is for another name$/,
    );
  },
);

test(
  "takes no word for a zone that nobody vouches for, and needs TLS where records cannot be used. HOP-22",
  {},
  async ({ to }) => {
    const [said, remote] = await to("good@insecure.test");
    assert.equal(said, KEPT);
    assert.match(remote, /\(unverified TLS; policy: TLS if offered\)$/);
    assert.equal((await to("plain@none.test"))[0], KEPT);
    assert.match(
      (await to("good@unusable.test"))[1],
      /unverified TLS; policy: DANE: TLSA records that cannot be used/,
    );
    assert.match((await to("plain@unusable.test"))[0], /^queued: Server offers no STARTTLS/);
  },
);

test(
  "leaves a host whose TLSA records cannot be looked up, for the next one. HOP-21",
  {},
  async ({ to, hops }) => {
    const [said, remote] = await to("good@servfail.test");
    assert.equal(said, KEPT);
    assert.match(remote, /^mx\.match\.test /);
    assert.equal(hops.good.told.length, 1);
  },
);

test("sends by DANE or not at all where the site asks for that. HOP-20, HOP-21", {
  level: "dane-only",
}, async ({ to }) => {
  assert.equal((await to("good@match.test"))[0], KEPT);
  for (const zone of ["none", "insecure", "unusable"]) {
    assert.match(
      (await to(`good@${zone}.test`))[0],
      /^queued: DANE: mx\.[a-z]+\.test has no usable TLSA records/,
    );
  }
});

test("does not let MTA-STS override DANE, nor DANE go without. HOP-28", {
  sts: {
    "mismatch.test": { mode: "enforce", mx: ["mx.mismatch.test"], maxAgeSeconds: 86_400 },
    "match.test": { mode: "enforce", mx: ["elsewhere.test"], maxAgeSeconds: 86_400 },
  },
}, async ({ to }) => {
  assert.match(
    (await to("good@mismatch.test"))[0],
    /^queued: TLS: DANE: certificate matches no TLSA/,
  );
  // a match by DANE makes the policy of MTA-STS moot. RFC 8461 §2
  assert.equal((await to("good@match.test"))[0], KEPT);
});

test(
  "sends what needs no TLS despite a mismatch, where the sender says so. EXT-RTLS-3",
  {},
  async ({ to }) => {
    const [said, remote] = await to("good@mismatch.test", true);
    assert.equal(said, KEPT);
    assert.match(remote, /\(unverified TLS; policy: TLS if offered\)$/);
    assert.equal((await to("plain@stripped.test", true))[0], KEPT);
  },
);

test("sends what needs TLS all the way to hosts that DNSSEC vouches for, verified. EXT-RTLS-2", {
  keywords: ["REQUIRETLS", "8BITMIME"],
  sts: { "insecure.test": { mode: "enforce", mx: ["mx.insecure.test"], maxAgeSeconds: 86_400 } },
}, async ({ to }) => {
  assert.equal((await to("good@match.test", undefined, true))[0], KEPT);
  // REQUIRETLS wins over TLS-Required: No
  assert.match((await to("good@mismatch.test", true, true))[0], /^failed: /);
  // no record: PKIX, and nobody vouches for a certificate of its own
  assert.match((await to("good@none.test", undefined, true))[0], /^failed: Message requires TLS/);
  // proven by MTA-STS, yet not verified
  assert.match(
    (await to("good@insecure.test", undefined, true))[0],
    /^failed: Message requires TLS/,
  );
});

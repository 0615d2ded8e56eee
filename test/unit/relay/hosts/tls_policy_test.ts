import assert from "node:assert/strict";
import { type Asked, protectionOf } from "../../../../lib/relay/hosts/tls_policy.ts";
import type { Host } from "../../../../lib/relay/hosts/hosts.ts";
import type { StsPolicy } from "../../../../lib/ports/sts_policies.ts";
import type { TlsLevel } from "../../../../lib/ports/routes.ts";

const host = (over: Partial<Host> = {}): Host => ({
  target: { _tag: "Tcp", address: "192.0.2.1", port: 25 },
  name: "mx.example.org",
  port: 25,
  protocol: "SMTP",
  implicitTls: false,
  level: "opportunistic",
  names: ["mx.example.org"],
  srvIds: [],
  domain: "example.org",
  stsDomain: "example.org",
  proven: false,
  dns: null,
  daneNames: [],
  ...over,
});

const asked = (over: Partial<Asked> = {}): Asked => ({
  host: host(),
  verified: null,
  tlsOptional: false,
  dane: { _tag: "None" },
  sts: null,
  level: "none",
  ...over,
});

const sts = (mode: StsPolicy["mode"], mx = "mx.example.org"): StsPolicy => ({
  mode,
  mx: [mx],
  maxAgeSeconds: 86_400,
});

const DANE = {
  records: { _tag: "Records", base: "mx.example.org", records: [] },
  unusable: { _tag: "Unusable", base: "mx.example.org" },
  trouble: { _tag: "Trouble", base: "mx.example.org", reason: "SERVFAIL" },
} as const;

/** The policy, `> ` and what is tried where that fails; or `barred: ` and of what. */
const shown = (a: Asked): string => {
  const p = protectionOf(a);
  if ("of" in p) return `barred: ${p.of}`;
  const by = p.tlsa === null ? "" : " by TLSA";
  return p.policy + by + (p.otherwise === null ? "" : ` > ${p.otherwise.policy}`);
};
const at = (level: TlsLevel, over: Partial<Asked> = {}): Asked => asked({ level, ...over });

// RFC 7672 §2, RFC 8461 §5, RFC 8689 §4
for (
  const [name, given, want] of [
    ["nothing is published: what the route asks for", asked(), "opportunistic"],
    ["the site asks for more than the route", at("required"), "required"],
    ["the site asks for less: the stricter holds", at("none"), "opportunistic"],
    ["the site wants TLS, verified or not", at("encrypt"), "encrypt"],
    ["DANE or verified, and no records", at("dane"), "required"],
    ["DANE only, and no records", at("dane-only"), "barred: TLS"],
    ["TLSA records", asked({ dane: DANE.records }), "required by TLSA"],
    [
      "TLSA records before MTA-STS",
      asked({ dane: DANE.records, sts: sts("enforce", "no.example.org") }),
      "required by TLSA",
    ],
    ["TLSA records nobody can use", asked({ dane: DANE.unusable }), "encrypt"],
    [
      "TLSA records nobody can use, and a login",
      asked({ dane: DANE.unusable, verified: "login" }),
      "required",
    ],
    [
      "TLSA records nobody can use, DANE only",
      at("dane-only", { dane: DANE.unusable }),
      "barred: TLS",
    ],
    ["TLSA records that cannot be looked up", asked({ dane: DANE.trouble }), "barred: TLS"],
    [
      "the same, where the sender would rather have it arrive",
      asked({ dane: DANE.trouble, tlsOptional: true }),
      "opportunistic",
    ],
    [
      "the same, where the site asks for DANE all the same",
      at("dane", { dane: DANE.trouble, tlsOptional: true }),
      "barred: TLS",
    ],
    ["MTA-STS enforced, and the host is in it", asked({ sts: sts("enforce") }), "required"],
    [
      "MTA-STS enforced, and the host is not in it",
      asked({ sts: sts("enforce", "no.example.org") }),
      "barred: TLS",
    ],
    [
      "the same, TLS optional",
      asked({ sts: sts("enforce", "no.example.org"), tlsOptional: true }),
      "opportunistic",
    ],
    ["MTA-STS in testing", asked({ sts: sts("testing") }), "required > opportunistic"],
    [
      "MTA-STS in testing, another host",
      asked({ sts: sts("testing", "no.example.org") }),
      "opportunistic",
    ],
    ["MTA-STS of mode none", asked({ sts: sts("none", "no.example.org") }), "opportunistic"],
    ["a login", asked({ verified: "login" }), "required"],
    [
      "REQUIRETLS, and nobody vouches for the host",
      asked({ verified: "requiretls" }),
      "barred: REQUIRETLS",
    ],
    [
      "REQUIRETLS, and DNSSEC vouches",
      asked({ verified: "requiretls", host: host({ proven: true }) }),
      "required",
    ],
    [
      "REQUIRETLS, and MTA-STS vouches",
      asked({ verified: "requiretls", sts: sts("testing") }),
      "required",
    ],
    [
      "REQUIRETLS to a configured host",
      asked({ verified: "requiretls", host: host({ domain: null }) }),
      "required",
    ],
    [
      "no TLS, whatever is published",
      asked({ host: host({ level: "none" }), dane: DANE.records }),
      "none",
    ],
  ] as const
) Deno.test(`protectionOf: ${name}`, () => assert.equal(shown(given), want));

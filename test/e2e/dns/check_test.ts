/** A check against BIND, Knot, NSD and PowerDNS behind a validating Unbound, with a real server for mail. */
import assert from "node:assert/strict";
import { createServer as createTls } from "node:tls";
import { checkPorts } from "../../../lib/app/check_ports.ts";
import { checkDomain } from "../../../lib/discovery/check/check.ts";
import type { CheckReport, Finding } from "../../../lib/discovery/check/report.ts";
import { expectedRecords } from "../../../lib/discovery/expected.ts";
import { type Offer, offerOf } from "../../../lib/discovery/offer.ts";
import { zoneFile } from "../../../lib/discovery/publish/zone.ts";
import { makeSelfSigned } from "../../../lib/tls/selfsigned.ts";
import { startKnot } from "../../support/knot.ts";
import { startNamed } from "../../support/named.ts";
import { type StartServer, startSigned, startUnbound } from "../../support/name_servers.ts";
import { startNsd } from "../../support/nsd.ts";
import { freePort, installed } from "../../support/postern.ts";
import { startPowerDns } from "../../support/powerdns.ts";

const PEERS = ["named", "dnssec-signzone", "unbound", "knotd", "nsd", "pdns_server", "pdnsutil"];
const ignore = !PEERS.every(installed);

/** The servers of the zone, and one of the zone above, on one port as their names have no other. */
const [ABOVE, ALIVE, DEAD] = ["127.0.0.5", "127.0.0.1", "127.0.0.7"] as const;

const SERVERS: Readonly<Record<string, (port: number) => StartServer>> = {
  BIND: (port) => ({ zones }) => startNamed({ zones, address: ALIVE, port }),
  Knot: (port) => ({ zones }) =>
    startKnot({ zones, address: ALIVE, port, key: { name: "k", secret: "c2VjcmV0c2VjcmV0" } }),
  NSD: (port) => ({ zones }) => startNsd({ zones, address: ALIVE, port }),
  PowerDNS: (port) => ({ zones, presigned }) =>
    startPowerDns({ zones, presigned, address: ALIVE, port }),
};

const HEAD = `$TTL 300
@ SOA ns1 hostmaster 1 3600 600 86400 300
@ NS ns1
@ NS ns2
ns1 A ${ALIVE}
ns2 A ${DEAD}
`;

const zoneAbove = (ns: ReadonlyArray<string>): string =>
  `$ORIGIN test.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A ${ABOVE}
${ns.map((n) => `example NS ${n}.example`).join("\n")}
`;

/** IMAP and submission, as far as a look at them goes, with a certificate that the mail domain alone stands in. */
const mailServer = async (name: string) => {
  const pair = await makeSelfSigned([name], Date.now());
  const speak = (greeting: string, answer: (line: string) => string | null) =>
    createTls({ cert: pair.certificatePem, key: pair.keyPem }, (s) => {
      s.on("error", () => {});
      s.write(greeting);
      s.on("data", (d) => {
        const said = answer(String(d));
        if (said === null) s.end();
        else s.write(said);
      });
    });
  const imap = speak(
    "* OK ready\r\n",
    (l) => l.includes("CAPABILITY") ? "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na1 OK\r\n" : null,
  );
  const smtp = speak(
    "220 mail ESMTP\r\n",
    (l) => /^EHLO/i.test(l) ? "250-mail\r\n250 AUTH PLAIN\r\n" : null,
  );
  const ports = await Promise.all(
    [imap, smtp].map((server) =>
      new Promise<number>((resolve) =>
        server.listen(0, ALIVE, () => {
          const at = server.address();
          resolve(typeof at === "object" && at !== null ? at.port : 0);
        })
      )
    ),
  );
  const ca = await Deno.makeTempFile({ suffix: ".pem" });
  await Deno.writeTextFile(ca, pair.certificatePem);
  return {
    ca,
    ports,
    close: async () => {
      imap.close();
      smtp.close();
      await Deno.remove(ca);
    },
  };
};

const offerAt = (ports: ReadonlyArray<number>): Offer => {
  const at = (port = 0) => [{ host: "mail.example.test", port }];
  return offerOf({
    domain: "example.test",
    servers: { "_imaps._tcp": at(ports[0]), "_submissions._tcp": at(ports[1]) },
    hosts: [{ host: "mail.example.test", addresses: [ALIVE] }],
    mx: [{ preference: 10, host: "mail.example.test" }],
    spf: "v=spf1 mx -all",
    ttl: 300,
    web: null,
  }, { host: "mail.example.test", submission: [], submissions: [], web: null });
};

interface Scene {
  /** In the certificate of the mail server. */
  readonly certificate: string;
  readonly above: ReadonlyArray<string>;
  readonly bogus?: boolean;
  readonly spoil?: (signed: string) => string;
  readonly dead?: boolean;
}

const look = async (start: (port: number) => StartServer, s: Scene): Promise<CheckReport> => {
  const mail = await mailServer(s.certificate);
  const offer = offerAt(mail.ports);
  const fragment = zoneFile(await expectedRecords(offer), false);
  const port = await freePort();
  const above = await startNsd({ zones: { test: zoneAbove(s.above) }, address: ABOVE, port });
  const signed = await startSigned({
    "example.test": {
      text: fragment,
      signed: true,
      head: s.dead === true ? HEAD : HEAD.replace(/^.*ns2.*\n/gm, ""),
      ...s.spoil === undefined ? {} : { spoil: s.spoil },
    },
  }, start(port));
  try {
    const zones = s.bogus === true ? [] : ["example.test"];
    const bogus = s.bogus === true ? ["example.test"] : [];
    const anchors = s.bogus === true ? [] : signed.anchors;
    const unbound = await startUnbound({ ...signed, anchors }, zones, bogus, ALIVE, {
      test: `${ABOVE}@${port}`,
    });
    const dns = {
      servers: [{ _tag: "Plain", host: "127.0.0.1", port: unbound.port, trusted: true } as const],
      timeoutMs: 2_000,
      attempts: 2,
      trust: "auto",
      ca: null,
    } as const;
    const ports = checkPorts({ dns, privateAddresses: true, ca: mail.ca, serverPort: port });
    try {
      return await checkDomain(offer, ports);
    } finally {
      ports.close();
      await unbound.stop();
    }
  } finally {
    await signed.stop();
    await above.stop();
    await mail.close();
  }
};

const wrong = (r: CheckReport): ReadonlyArray<Finding> =>
  r.findings.filter((f) => f.status !== "pass" && f.status !== "info");

const rows = (r: CheckReport): ReadonlyArray<string> =>
  wrong(r).map((f) => `${f.status} ${f.key} ${f.subject.replace(/:\d+$/, "")}`);

/** One signature of another record: the set is the only one that does not hold. */
const spoilt = (signed: string): string => {
  const at = signed.search(/\n\s+\d+\s+RRSIG\s+MX /);
  const end = signed.indexOf(")", at);
  const body = signed.slice(at, end);
  const last = body.trimEnd();
  // the last octets of the signature, before the padding
  const i = last.length - 8;
  const changed = last.slice(0, i) + (last[i] === "A" ? "B" : "A") + last.slice(i + 1);
  return signed.slice(0, at) + changed + body.slice(last.length) + signed.slice(end);
};

for (const [name, start] of Object.entries(SERVERS)) {
  Deno.test({
    name: `check on ${name}: all right at any port, delegation and DNSSEC included`,
    ignore,
    fn: async () => {
      const r = await look(start, { certificate: "mail.example.test", above: ["ns1"] });
      assert.deepEqual(rows(r), [], JSON.stringify(wrong(r), null, 1));
      const passed = (key: string) => r.findings.some((f) => f.key === key && f.status === "pass");
      for (const key of ["delegation", "certificate", "auth", "srv-imaps", "mx"]) {
        assert.ok(passed(key), key);
      }
      assert.deepEqual(r.servers.map((s) => [s.address, s.serial]), [[ALIVE, 1]]);
    },
  });

  Deno.test({
    name:
      `check on ${name}: a bad signature, a dead server, another delegation, the wrong certificate`,
    ignore,
    fn: async () => {
      const r = await look(start, {
        certificate: "example.test",
        above: ["ns1", "ns9"],
        spoil: spoilt,
        dead: true,
      });
      assert.deepEqual(rows(r), [
        "drift delegation example.test",
        "unknown mx example.test",
        `unknown name-server ns2.example.test [${DEAD}]`,
        "drift certificate mail.example.test",
        "drift certificate mail.example.test",
        "drift connect mail.example.test",
        "drift connect mail.example.test",
      ], JSON.stringify(wrong(r), null, 1));
      const mx = wrong(r).find((f) => f.key === "mx");
      assert.match(mx?.detail ?? "", /^bogus: .*this record set.*the data are right/);
      assert.ok(wrong(r).every((f) => (f.remedy ?? "") !== ""));
    },
  });

  Deno.test({
    name: `check on ${name}: a zone that is bogus as a whole is one row of DNS`,
    ignore,
    fn: async () => {
      const r = await look(start, {
        certificate: "mail.example.test",
        above: ["ns1"],
        bogus: true,
      });
      assert.deepEqual(
        rows({ ...r, findings: r.findings.filter((f) => f.station === "dns") }),
        ["unknown zone-dnssec example.test"],
        JSON.stringify(wrong(r), null, 1),
      );
    },
  });
}

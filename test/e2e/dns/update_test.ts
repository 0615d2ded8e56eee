/** `postern publish --update` on BIND, Knot and PowerDNS, looked at with dig and nsupdate; NSD, which takes none. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { NameServer } from "../../../lib/dns/update/client.ts";
import { loadTsigKey } from "../../../lib/config/values/tsig_key.ts";
import { dig, run } from "../../support/dig.ts";
import { startKnot } from "../../support/knot.ts";
import type { Daemon as Peer } from "../../support/daemon.ts";
import { startNamed, type ZoneFiles } from "../../support/named.ts";
import { startNsd } from "../../support/nsd.ts";
import { startPowerDns } from "../../support/powerdns.ts";
import { installed, makeSite, postern } from "../../support/postern.ts";

const KEY = { name: "msa-key", secret: "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvZiBwb3N0ZXJu" };
const KEY_TEXT = `key "${KEY.name}" { algorithm hmac-sha256; secret "${KEY.secret}"; };\n`;

const ZONE = `$ORIGIN example.com.
$TTL 300
@ SOA ns1 hostmaster 1 3600 600 86400 300
@ NS ns1
ns1 A 192.0.2.1
mx A 192.0.2.25
web A 192.0.2.44
@ TXT "google-site-verification=abc"
@ TXT "v=spf1 include:old.example ~all"
@ CAA 0 issue "ca.example"
www A 192.0.2.80
_imaps._tcp SRV 5 5 993 old.example.com.
autodiscover A 192.0.2.81
_sub NS ns1
`;

const CONFIG = `hostname = "mail.example.com"
[listen]
submission = ["127.0.0.1:587"]
submissions = ["127.0.0.1:465"]
[tls]
certificate = "cert.pem"
key = "key.pem"
[[route]]
to = "*"
via = "maildir:outbox"
[[domain]]
name = "example.com"
imaps = ["mail.example.com"]
web = "web.example.com"
mx = ["10 mx.example.com"]
spf = "v=spf1 mx -all"
dmarc = "v=DMARC1; p=none"
dkim = { s1 = "v=DKIM1; k=rsa; p=${"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A".repeat(12)}" }
caa = ["issue letsencrypt.org"]
addresses = { "mail.example.com" = ["192.0.2.10", "2001:DB8:0::10"] }
mta_sts = "testing"
ttl_seconds = 300
`;

/** What lies below `_tcp` is answered by ourselves. */
const DELEGATED = `${CONFIG}
[dns_server]
listen = ["127.0.0.1:5300"]
zones = ["_tcp.example.com"]
ns = ["ns1.example.com", "ns2.example.com"]
mailbox = "hostmaster@example.com"
`;

interface Place {
  readonly peer: Peer;
  readonly publish: (...args: ReadonlyArray<string>) => ReturnType<typeof postern>;
  readonly keyFile: string;
}

const inPlace = async (
  start: () => Promise<Peer>,
  test: (p: Place) => Promise<void>,
): Promise<void> => {
  const peer = await start();
  try {
    const config = join(peer.dir, "postern.toml");
    const keyFile = join(peer.dir, "update.key");
    await Deno.writeTextFile(config, CONFIG);
    await Deno.writeTextFile(keyFile, KEY_TEXT, { mode: 0o600 });
    const publish = (...args: ReadonlyArray<string>) =>
      postern(["--config", config, "publish", "example.com", ...args]);
    await test({ peer, publish, keyFile });
  } finally {
    await peer.stop();
  }
};

/** Servers that take updates, with zones of a test's choice. */
const WITH = {
  BIND: (zones: ZoneFiles) => startNamed({ zones, keys: KEY_TEXT, updateKeys: [KEY.name] }),
  Knot: (zones: ZoneFiles) => startKnot({ zones, key: KEY }),
  PowerDNS: (zones: ZoneFiles) => startPowerDns({ zones, key: KEY }),
} as const;
const NAMES = ["BIND", "Knot", "PowerDNS"] as const;

const on = (name: keyof typeof WITH) => () => WITH[name]({ "example.com": ZONE });

const answers = async (port: number, name: string, type: string) =>
  (await dig(port, name, type, "+tcp")).answer.map((l) => l.split(" ").slice(4).join(" "));

const ignore = !["named", "knotd", "pdns_server", "pdnsutil", "dig", "nsupdate"].every(installed);

for (const name of NAMES) {
  Deno.test({
    name: `publish --update on ${name}: only what differs, what others wrote stays. DU-1..DU-7`,
    ignore,
    fn: () =>
      inPlace(on(name), async ({ peer, publish, keyFile }) => {
        const server = `127.0.0.1:${peer.port}`;
        const dry = await publish("--update", server, "--dry-run");
        assert.match(dry.stdout, /^- _imaps\._tcp\.example\.com\. SRV 5 5 993 old/m);
        assert.match(dry.stdout, /^\+ _imaps\._tcp\.example\.com\. 300 SRV 0 1 993 mail/m);
        assert.deepEqual(await answers(peer.port, "_imaps._tcp.example.com", "SRV"), [
          "5 5 993 old.example.com.",
        ]);

        const first = await publish("--update", server, "--tsig", keyFile);
        // the addresses of autodiscover are somebody's, so that status 1 says: not all
        assert.match(
          first.stderr,
          /autodiscover\.example\.com: has A records that Postern did not/,
        );
        assert.equal(first.code, 1, first.stderr);
        assert.match(first.stdout, /has taken it/);

        for (
          const [owner, type, want] of [
            ["_imaps._tcp.example.com", "SRV", ["0 1 993 mail.example.com."]],
            ["_submissions._tcp.example.com", "SRV", ["0 1 465 mail.example.com."]],
            ["_pop3s._tcp.example.com", "SRV", ["0 0 0 ."]],
            ["autoconfig.example.com", "CNAME", ["web.example.com."]],
            ["autodiscover.example.com", "A", ["192.0.2.81"]],
            ["www.example.com", "A", ["192.0.2.80"]],
            ["mail.example.com", "AAAA", ["2001:db8::10"]],
            ["example.com", "TXT", ['"google-site-verification=abc"', '"v=spf1 mx -all"']],
            ["example.com", "CAA", ['0 issue "ca.example"', '0 issue "letsencrypt.org"']],
            ["_dmarc.example.com", "TXT", ['"v=DMARC1; p=none"']],
          ] as const
        ) assert.deepEqual(await answers(peer.port, owner, type), want, `${owner} ${type}`);
        // TXT beyond 255 octets arrives in two strings
        const [dkim = ""] = await answers(peer.port, "s1._domainkey.example.com", "TXT");
        assert.equal(dkim.match(/"[^"]{1,255}"/g)?.length, 2);

        const again = await publish("--update", server, "--tsig", keyFile);
        assert.match(again.stdout, /nothing differs/);
        assert.doesNotMatch(again.stdout, /has taken it/);
      }),
  });
}

const ttlOf = async (port: number, name: string, type: string) =>
  (await dig(port, name, type, "+tcp")).answer.map((l) => l.split(" ")[1]);

/** The parts below `_tcp` on the same server, as it comes to be where they are given away later. */
const CHILD = `$ORIGIN _tcp.example.com.
$TTL 300
@ SOA ns1.example.com. hostmaster.example.com. 1 3600 600 86400 300
@ NS ns1.example.com.
`;

for (const name of NAMES) {
  Deno.test({
    name: `publish --update on ${name}: another TTL is taken at once, for values of others too`,
    ignore,
    fn: () =>
      inPlace(on(name), async ({ peer, publish, keyFile }) => {
        const update = ["--update", `127.0.0.1:${peer.port}`, "--tsig", keyFile];
        await publish(...update);
        const config = join(peer.dir, "postern.toml");
        await Deno.writeTextFile(config, CONFIG.replace("ttl_seconds = 300", "ttl_seconds = 60"));
        const first = await publish(...update);
        assert.match(first.stdout, /^~ _imaps\._tcp\.example\.com\. SRV: TTL 300 becomes 60$/m);
        assert.match(first.stdout, /has taken it/, first.stderr);
        for (
          const [owner, type] of [
            ["_imaps._tcp.example.com", "SRV"],
            ["autoconfig.example.com", "CNAME"],
            ["s1._domainkey.example.com", "TXT"],
          ] as const
        ) assert.deepEqual(await ttlOf(peer.port, owner, type), ["60"], `${owner} ${type}`);
        assert.deepEqual(await ttlOf(peer.port, "example.com", "TXT"), ["60", "60"]);
        assert.deepEqual(await ttlOf(peer.port, "example.com", "CAA"), ["60", "60"]);
        assert.deepEqual(await answers(peer.port, "example.com", "TXT"), [
          '"google-site-verification=abc"',
          '"v=spf1 mx -all"',
        ]);
        const again = await publish(...update);
        assert.match(again.stdout, /nothing differs/, again.stdout);
      }),
  });

  Deno.test({
    name: `publish --update on ${name}: the delegation of a zone that the server holds too`,
    ignore,
    fn: () =>
      inPlace(
        () => WITH[name]({ "example.com": ZONE, "_tcp.example.com": CHILD }),
        async ({ peer, publish, keyFile }) => {
          const update = ["--update", `127.0.0.1:${peer.port}`, "--tsig", keyFile];
          // without a delegation of ours, what lies in the other zone is not written into this one
          const apart = await publish(...update);
          assert.match(
            apart.stderr,
            /_imaps\._tcp\.example\.com: is in a zone of its own; publish that with --zone/,
          );
          assert.match(apart.stdout, /has taken it/, apart.stderr);
          await Deno.writeTextFile(
            join(peer.dir, "postern.toml"),
            DELEGATED,
          );
          const dry = await publish("--update", `127.0.0.1:${peer.port}`, "--dry-run");
          assert.match(dry.stderr, /_tcp\.example\.com: the server holds this zone as well/);
          const first = await publish(...update);
          assert.match(first.stdout, /^\+ _tcp\.example\.com\. 300 NS ns2\.example\.com\.$/m);
          assert.match(first.stdout, /has taken it/, first.stderr);
          const again = await publish(...update);
          assert.match(again.stdout, /nothing differs/, again.stdout + again.stderr);
          const child = await publish(...update, "--zone", "_tcp.example.com");
          assert.match(child.stdout, /^\+ _imaps\._tcp\.example\.com\. 300 SRV/m);
          assert.match(child.stdout, /has taken it/, child.stderr);
        },
      ),
  });
}

Deno.test({
  name: "publish --update on NSD: what is right is seen, and that it takes no updates is said",
  ignore: ignore || !installed("nsd"),
  fn: () =>
    inPlace(
      () => startNsd({ zones: { "example.com": ZONE } }),
      async ({ peer, publish, keyFile }) => {
        const server = `127.0.0.1:${peer.port}`;
        const refused = await publish("--update", server, "--tsig", keyFile);
        assert.match(refused.stderr, /the server does not take updates \(NOTIMP\)|REFUSED/);
        assert.equal(refused.code, 1);
        // what is printed goes into its zone file
        const { stdout } = await publish();
        const mine = ZONE.split("\n").filter((l) => !/spf1|_imaps|autodiscover/.test(l)).join("\n");
        const served = await startNsd({ zones: { "example.com": `${mine}\n${stdout}` } });
        try {
          const dry = await publish("--update", `127.0.0.1:${served.port}`, "--dry-run");
          assert.match(dry.stdout, /nothing differs/, dry.stdout + dry.stderr);
          assert.equal(dry.code, 0, dry.stderr);
        } finally {
          await served.stop();
        }
      },
    ),
});

Deno.test({
  name:
    "publish --update: a key that the server does not know, and a secret that is wrong. TS-3, TS-4",
  ignore,
  fn: () =>
    inPlace(on("BIND"), async ({ peer, publish, keyFile }) => {
      const server = `127.0.0.1:${peer.port}`;
      await Deno.writeTextFile(keyFile, KEY_TEXT.replace("msa-key", "other-key"));
      assert.match((await publish("--update", server, "--tsig", keyFile)).stderr, /BADKEY/);
      await Deno.writeTextFile(keyFile, KEY_TEXT.replace("c2Vj", "AAAA"));
      const wrong = await publish("--update", server, "--tsig", keyFile);
      assert.match(wrong.stderr, /BADSIG/);
      assert.equal(wrong.code, 1);
      await Deno.chmod(keyFile, 0o644);
      const open = await publish("--update", server, "--tsig", keyFile);
      assert.match(open.stderr, /others can read it; run chmod 600/);
      assert.equal(open.code, 2);
    }),
});

Deno.test({
  name: "DU-2: who was overtaken is told, and nothing is done",
  ignore,
  fn: () =>
    inPlace(on("BIND"), async ({ peer, keyFile }) => {
      const read = await loadTsigKey(keyFile);
      assert.ok("key" in read);
      const server = await NameServer.open("127.0.0.1", peer.port, 5000);
      try {
        const add = [{ type: "TXT", text: "v=DMARC1; p=none" }] as const;
        const change = { owner: "_dmarc.example.com", type: "TXT", ttl: 300 } as const;
        const said = await server.update("example.com", [{
          ...change,
          add,
          remove: [],
          before: [{ data: add[0], wire: Uint8Array.of(1, 0x78) }],
        }], read.key);
        assert.deepEqual(said, {
          _tag: "Overtaken",
          reason: "a record set has changed or gone (NXRRSET)",
        });
        assert.deepEqual(await answers(peer.port, "_dmarc.example.com", "TXT"), []);
        // DU-5, DU-7: outside the zone
        const outside = { ...change, owner: "_dmarc.example.org", add, remove: [], before: [] };
        await assert.rejects(server.update("example.com", [outside], read.key), /NOTZONE/);
        assert.equal(await server.zoneOf("a.b.example.com"), "example.com");
        await assert.rejects(server.zoneOf("example.org"), /is not authoritative/);
      } finally {
        server.close();
      }
    }),
});

Deno.test({
  name: "publish --format nsupdate: nsupdate takes the script, and nothing differs afterwards",
  ignore,
  fn: () =>
    inPlace(on("BIND"), async ({ peer, publish, keyFile }) => {
      const script = join(peer.dir, "script");
      const { stdout } = await publish("--format", "nsupdate");
      // nsupdate only adds to TXT, and the alias in the way stops all of it
      const text = stdout.split("\n").filter((l) => !l.includes("autodiscover")).join("\n");
      await Deno.writeTextFile(script, `server 127.0.0.1 ${peer.port}\n${text}`);
      const done = await run("nsupdate", ["-k", keyFile, script]);
      assert.equal(done.code, 0, done.text);
      const left = await publish("--update", `127.0.0.1:${peer.port}`, "--dry-run");
      const [, ...changes] = left.stdout.trim().split("\n");
      assert.deepEqual(changes, ['- example.com. TXT "v=spf1 include:old.example ~all"']);
    }),
});

Deno.test({
  name:
    "publish in the form of a master file is taken by named-checkzone without a word. V-5, ZF-8",
  ignore: !installed("named-checkzone"),
  fn: () =>
    inPlace(on("BIND"), async ({ peer, publish }) => {
      const file = join(peer.dir, "checked");
      const { stdout } = await publish();
      const rest =
        "@ 300 IN SOA ns1 h 1 3600 600 86400 300\n@ 300 IN NS ns1\nns1 300 IN A 192.0.2.1\n" +
        "mx 300 IN A 192.0.2.2\nweb 300 IN A 192.0.2.3\n";
      await Deno.writeTextFile(file, `${rest}$ORIGIN elsewhere.example.\n${stdout}`); // ZF-1
      const checked = await run("named-checkzone", ["example.com", file]);
      assert.match(checked.text, /^zone example\.com\/IN: loaded serial 1\nOK\n$/);
    }),
});

Deno.test({
  name: "publish --tlsa: the digest that openssl computes, at port and host. RFC 7673 §3",
  ignore: !installed("openssl"),
  fn: async () => {
    const site = await makeSite({
      routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"',
      more: '[[domain]]\nname = "example.com"\nhost = "mail.example.com"\n',
    });
    const at = (file: string) => join(site.dir, file);
    await run("sh", [
      "-c",
      `cd ${site.dir} && openssl req -x509 -newkey rsa:2048 -nodes -days 3 -subj /CN=mail.example.com \
        -addext subjectAltName=DNS:mail.example.com -keyout key.pem -out cert.pem 2>/dev/null`,
    ]);
    const pipe = `openssl x509 -in ${
      at("cert.pem")
    } -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum`;
    const hash = (await run("sh", ["-c", pipe])).text.slice(0, 64);
    const { stdout } = await postern(["--config", site.config, "publish", "example.com", "--tlsa"]);
    const owner = `_${site.submissions}._tcp.mail.example.com.`;
    assert.ok(stdout.includes(`${owner} 3600 IN TLSA 3 1 1 ${hash}`), stdout);
    assert.ok(stdout.includes(`_${site.submission}._tcp.mail.example.com. 3600 IN TLSA 3 1 1`));
    const drained = await postern([
      ...["--config", site.config, "publish", "example.com"],
      ...["--drain", "mail.example.com"],
    ]);
    assert.match(drained.stderr, /no other host could do the work of mail\.example\.com/);
    await Deno.remove(site.dir, { recursive: true });
  },
});

Deno.test({
  name: "publish --update: what our own name server answers is delegated to it. P-8, NS-4",
  ignore,
  fn: () =>
    inPlace(on("BIND"), async ({ peer, publish, keyFile }) => {
      const server = `127.0.0.1:${peer.port}`;
      const config = join(peer.dir, "postern.toml");
      await Deno.writeTextFile(
        config,
        DELEGATED,
      );
      const zone = await publish();
      assert.match(zone.stdout, /^_tcp\.example\.com\. 300 IN NS ns1\.example\.com\.$/m);
      assert.doesNotMatch(zone.stdout, /SRV/);
      const first = await publish("--update", server, "--tsig", keyFile);
      assert.match(first.stdout, /has taken it/, first.stderr);
      const referral = await dig(peer.port, "_imaps._tcp.example.com", "SRV");
      assert.deepEqual(referral.authority, [
        "_tcp.example.com. 300 IN NS ns1.example.com.",
        "_tcp.example.com. 300 IN NS ns2.example.com.",
      ]);
      const again = await publish("--update", server, "--tsig", keyFile);
      assert.match(again.stdout, /nothing differs/);
    }),
});

Deno.test({
  name: "publish --drain: a host stands behind the others until it is published without",
  ignore,
  fn: () =>
    inPlace(on("BIND"), async ({ peer, publish, keyFile }) => {
      const update = ["--update", `127.0.0.1:${peer.port}`, "--tsig", keyFile];
      const config = join(peer.dir, "postern.toml");
      const two = 'submissions = ["mail.example.com", "mail2.example.com"]';
      await Deno.writeTextFile(
        config,
        CONFIG.replace("[[domain]]\n", `[[domain]]\n${two}\n`)
          .replace('"2001:DB8:0::10"]', '"2001:DB8:0::10"], "mail2.example.com" = ["192.0.2.12"]'),
      );
      const live = () => answers(peer.port, "_submissions._tcp.example.com", "SRV");
      const usual = ["0 1 465 mail.example.com.", "0 1 465 mail2.example.com."];
      await publish(...update);
      assert.deepEqual(await live(), usual);
      await publish(...update, "--drain", "mail.example.com");
      assert.deepEqual(await live(), [
        "0 1 465 mail2.example.com.",
        "1000 0 465 mail.example.com.",
      ]);
      await publish(...update);
      assert.deepEqual(await live(), usual);
    }),
});

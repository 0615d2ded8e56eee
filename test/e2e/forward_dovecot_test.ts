/** forward_login to a submission server that we did not write, named by its host or found by SRV records. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  type DovecotSubmission,
  dovecotSubmissionAvailable,
  startDovecotSubmission,
} from "../support/dovecot.ts";
import { startSigned, startUnbound, type ZoneText } from "../support/name_servers.ts";
import {
  freePort,
  installed,
  makeSite,
  type Running,
  type Site,
  startPostern,
} from "../support/postern.ts";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { text } from "../support/octets.ts";
import { run } from "../support/program.ts";
import { type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { swaks } from "../support/swaks.ts";
import { makeAuthority, makeServer } from "../support/test_ca.ts";

const DOVECOT = ["openssl", "swaks", "curl"].every(installed) && dovecotSubmissionAvailable();
const NAMES = ["named", "dnssec-signzone", "unbound"].every(installed);

const USER = "alice@example.com";
const PASSWORD = "correct horse battery";

const forwarding = (to: string, via: string, ca: string): string =>
  `[[route]]
to = "${to}"
via = "${via}"
tls = "required"
ca = "${ca}"
durability = "next_hop"
forward_login = true
`;

/** What a test needs, ended in the reverse order whatever happens. */
class World {
  readonly #ends: Array<() => Promise<unknown>> = [];

  static async with(body: (w: World) => Promise<void>): Promise<void> {
    const w = new World();
    try {
      await body(w);
    } finally {
      for (const end of w.#ends.reverse()) await end();
    }
  }

  async keep<A>(made: Promise<A>, end: (a: A) => Promise<unknown>): Promise<A> {
    const a = await made;
    this.#ends.push(() => end(a));
    return a;
  }

  /** A directory with the authority. */
  async authority(): Promise<{ readonly dir: string; readonly ca: string }> {
    const made = Deno.makeTempDir({ prefix: "postern-forward-" });
    const dir = await this.keep(made, (d) => Deno.remove(d, { recursive: true }));
    return { dir, ca: await makeAuthority(dir) };
  }

  sink(script: Script = {}): Promise<ScriptedHop> {
    return this.keep(ScriptedHop.start(script), (s) => s.stop());
  }

  async dovecot(
    dir: string,
    names: ReadonlyArray<string>,
    relayPort: number,
    password = PASSWORD,
  ): Promise<DovecotSubmission> {
    const { cert, key } = await makeServer(dir, `d${this.#ends.length}`, names);
    const made = startDovecotSubmission({ user: USER, password, cert, key, relayPort });
    return await this.keep(made, (d) => d.stop());
  }

  /** Would take every login and every message, under a certificate that nobody should believe. */
  impostor(pair: { readonly key: string; readonly cert: string }, implicitTls: boolean) {
    return this.sink({ tls: pair, implicitTls, keywords: ["AUTH PLAIN"] });
  }

  /** Where a resolver that validates answers for these zones. */
  async names(zones: Readonly<Record<string, ZoneText>>): Promise<string> {
    const bind = await this.keep(startSigned(zones), (b) => b.stop());
    const unbound = await this.keep(startUnbound(bind, Object.keys(zones)), (u) => u.stop());
    return `127.0.0.1:${unbound.port}`;
  }

  async postern(routes: string): Promise<readonly [Site, Running]> {
    const site = await this.keep(
      makeSite({ routes }),
      (s) => Deno.remove(s.dir, { recursive: true }),
    );
    assert.deepEqual([site.user, site.password], [USER, PASSWORD]);
    return [site, await this.keep(startPostern(site), (s) => s.stop())];
  }
}

/** Who has signed in there, and how. */
const logins = (d: DovecotSubmission): ReadonlyArray<string> =>
  [...d.log().matchAll(/Login: user=<([^>]*)>, method=(\w+).*, TLS/g)].map((m) =>
    `${m[1]} ${m[2]}`
  );

/** A message as it is, by curl. */
const curl = (site: Site, file: string, to: string): Promise<string> =>
  run("curl", [
    ...["-sv", "--max-time", "30", "--cacert", site.certificate, "--upload-file", file],
    ...["--url", `smtps://localhost:${site.submissions}`],
    ...["--user", `${site.user}:${site.password}`, "--mail-from", site.user, "--mail-rcpt", to],
  ], "");

Deno.test({
  name:
    "forward_login to Dovecot: by either kind of TLS it takes its own user's password and no other",
  ignore: !DOVECOT,
  fn: () =>
    World.with(async (w) => {
      const { dir, ca } = await w.authority();
      const sink = await w.sink({
        keywords: ["8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES"],
        on: (c) => c.includes("<nobody@") ? "550 5.1.1 nobody of that name" : undefined,
      });
      const dovecot = await w.dovecot(dir, ["localhost"], sink.port);
      const other = await w.dovecot(dir, ["localhost"], sink.port, "changed there");
      const gone = await w.dovecot(dir, ["localhost"], await freePort());
      const [site, server] = await w.postern([
        forwarding("implicit.test", `smtps://localhost:${dovecot.port}`, ca),
        forwarding("starttls.test", `smtp://localhost:${dovecot.starttlsPort}`, ca),
        forwarding("changed.test", `smtps://localhost:${other.port}`, ca),
        forwarding("gone.test", `smtps://localhost:${gone.port}`, ca),
        // the certificate is not for that name
        forwarding("unnamed.test", `smtps://127.0.0.1:${dovecot.port}`, ca),
      ].join(""));

      for (
        const [to, mechanism] of [
          ["bob@implicit.test", "PLAIN"],
          ["bob@starttls.test", "LOGIN"],
        ] as const
      ) {
        const said = await swaks(site, to, mechanism);
        assert.match(said, /250-2\.0\.0 .*kept\s[^]*?250 2\.0\.0 Trace id \w+/);
        assert.equal(sink.messages.at(-1)?.to[0], `<${to}>`);
      }
      assert.deepEqual(logins(dovecot), [`${USER} PLAIN`, `${USER} PLAIN`]);

      const file = join(site.dir, "m.eml");
      const body = `.\r\n..\r\nGr\u00fc\u00dfe\r\n${
        `${"x".repeat(70)}\r\n`.repeat(20_000)
      }.end\r\n`;
      await Deno.writeTextFile(file, `From: ${USER}\r\nTo: b@implicit.test\r\n\r\n${body}`);
      await curl(site, file, "b@implicit.test");
      const got = sink.messages.at(-1)?.data.replaceAll("\r\n.", "\r\n") ?? "";
      const octets = text(new TextEncoder().encode(body));
      assert.ok(got.endsWith(`\r\n\r\n${octets}`), got.slice(0, 2_000));

      const before = sink.messages.length;
      assert.match(
        await swaks(site, "nobody@implicit.test"),
        /550[- ]5\.1\.1 .*nobody of that name/,
      );
      assert.match(
        await swaks(site, "bob@changed.test"),
        /550-5\.7\.8 The next mail server does not take your login\s[^]*550-5\.7\.8 Authentication failed/,
      );
      assert.match(await swaks(site, "bob@gone.test"), /4\d\d[- ]4\.\d\.\d /);
      const asked = logins(dovecot).length;
      assert.match(await swaks(site, "bob@unnamed.test"), /451 4\.4\.1 /);
      assert.equal(logins(dovecot).length, asked);
      assert.equal(sink.messages.length, before);
      assert.deepEqual(logins(other), []);
      assert.ok(!server.output().includes(PASSWORD));
      assert.ok(!server.output().includes(btoa(`\0${USER}\0${PASSWORD}`)));
    }),
});

/** As openssl writes an SRV-ID. RFC 4985 §2 */
const srvId = (id: string) => `otherName:1.3.6.1.5.5.7.8.7;IA5STRING:${id}`;

const LOOPBACK = ["dead", "trap", "mail"].map((h) => `${h} 300 IN A 127.0.0.1`).join("\n");

/** SRV records of a service, the first tried first, with hosts of the zone to name. */
const srv = (service: string, ...targets: ReadonlyArray<readonly [string, number]>): string =>
  targets.map(([host, port], i) => `_${service}._tcp 300 IN SRV ${i} 0 ${port} ${host}\n`).join(
    "",
  ) +
  LOOPBACK;

Deno.test({
  name:
    "forward_login over SRV records: dead hosts and impostors are passed by, and Dovecot alone gets the password. HOP-07, HOP-08, SEC-8",
  ignore: !DOVECOT || !NAMES,
  fn: () =>
    World.with(async (w) => {
      const { dir, ca } = await w.authority();
      const sink = await w.sink();
      const below = ["mail.implicit.test", "mail.starttls.test", "mail.refused.test"];
      const dovecot = await w.dovecot(dir, below, sink.port);
      const byService = await w.dovecot(dir, [srvId("_submissions.service.test")], sink.port);
      const stranger = await w.dovecot(dir, ["mail.provider.test"], sink.port);
      const other = await w.dovecot(dir, ["mail.refused.test"], sink.port, "changed there");
      const [closed, wrongName, selfSigned] = [
        await freePort(),
        await makeServer(dir, "wrong", ["elsewhere.test"]),
        await makeSelfSigned(["trap.implicit.test", "trap.starttls.test"], Date.now()),
      ];
      const nobody = { key: selfSigned.keyPem, cert: selfSigned.certificatePem };
      const traps = {
        wrongName: await w.impostor(wrongName, true),
        selfSigned: await w.impostor(nobody, true),
        wrongNameStart: await w.impostor(wrongName, false),
        selfSignedStart: await w.impostor(nobody, false),
        clear: await w.sink({ keywords: ["AUTH PLAIN"] }),
      };
      const trap = (which: keyof typeof traps) => ["trap", traps[which].port] as const;
      const dead = ["dead", closed] as const;
      const dns = await w.names({
        "implicit.test": {
          text: srv(
            "submissions",
            ...[dead, trap("wrongName"), trap("selfSigned")],
            ["mail", dovecot.port],
          ),
        },
        "starttls.test": {
          text: srv(
            "submission",
            ...[dead, trap("clear"), trap("wrongNameStart"), trap("selfSignedStart")],
            ["mail", dovecot.starttlsPort],
          ),
        },
        "provider.test": { text: LOOPBACK },
        // the certificate is for the service, wherever it is served from
        "service.test": {
          text: srv("submissions", dead, ["mail.provider.test.", byService.port]),
        },
        // it is for the target, of which nobody but DNSSEC could vouch
        "unsigned.test": {
          text: srv("submissions", dead, ["mail.provider.test.", stranger.port]),
        },
        "signed.test": {
          text: srv("submissions", dead, ["mail.provider.test.", stranger.port]),
          signed: true,
        },
        "traps.test": {
          text: srv("submissions", dead, trap("wrongName"), trap("selfSigned")),
        },
        "refused.test": {
          text: srv("submissions", ["mail", other.port], dead),
        },
      });
      const zone = (name: string, service = "submissions") =>
        forwarding(name, `srv://_${service}._tcp.${name}`, ca);
      const [site, server] = await w.postern([
        zone("implicit.test"),
        zone("starttls.test", "submission"),
        ...["service.test", "unsigned.test", "signed.test", "traps.test", "refused.test"]
          .map((name) => zone(name)),
        `[dns]\nservers = ["${dns}"]\n`,
      ].join(""));

      const taken = /250-2\.0\.0 .*kept\s[^]*?250 2\.0\.0 Trace id \w+/;
      const unreachable = /451 4\.4\.1 /;
      for (
        const [to, said, by] of [
          ["implicit.test", taken, dovecot],
          ["starttls.test", taken, dovecot],
          ["service.test", taken, byService],
          ["unsigned.test", unreachable, stranger],
          ["signed.test", taken, stranger],
          ["traps.test", unreachable, null],
          // the host that refused the login says more than the dead one behind it
          ["refused.test", /550-5\.7\.8 The next mail server does not take your login/, other],
        ] as const
      ) {
        const before = [sink.messages.length, by === null ? 0 : logins(by).length];
        assert.match(await swaks(site, `bob@${to}`), said, to);
        const n = said === taken ? 1 : 0;
        const after = [sink.messages.length, by === null ? 0 : logins(by).length];
        assert.deepEqual(after, before.map((b) => b + n), to);
      }
      for (const t of Object.values(traps)) {
        assert.ok(t.told.length > 0);
        assert.deepEqual(t.commands.filter((c) => !/^(EHLO|STARTTLS|QUIT)/.test(c)), []);
      }
      assert.ok(!server.output().includes(PASSWORD));
    }),
});

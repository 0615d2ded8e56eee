/** From the configuration file to the next hop: routes, DANE and what `route test` and `queue show` tell of them. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { associated } from "../../lib/net/dane.ts";
import type { Attempt } from "../../lib/ports/attempt.ts";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { startSigned, startUnbound } from "../support/name_servers.ts";
import {
  eventually,
  installed,
  makeSite,
  postern,
  type Site,
  startPostern,
} from "../support/postern.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";

const PEERS = ["named", "dnssec-signzone", "unbound", "openssl", "curl"].every(installed);

/** Submits with curl; gives the queue id of the 250. */
const submit = async (site: Site, to: string, more = ""): Promise<string> => {
  const file = `${site.dir}/message.eml`;
  await Deno.writeTextFile(
    file,
    `From: alice@example.com\r\nTo: ${to}\r\nSubject: hello\r\n${more}\r\nHello\r\n`,
  );
  const { success, stderr } = await new Deno.Command("curl", {
    args: [
      "-sv",
      "--cacert",
      site.certificate,
      "--url",
      `smtps://localhost:${site.submissions}`,
      "--user",
      `${site.user}:${site.password}`,
      "--mail-from",
      site.user,
      "--mail-rcpt",
      to,
      "--upload-file",
      file,
    ],
  }).output();
  const text = new TextDecoder().decode(stderr);
  assert.ok(success, text);
  return /queued as ([0-9A-Za-z]+)/.exec(text)?.[1] ?? assert.fail(text);
};

interface Shown {
  readonly recipients: ReadonlyArray<
    {
      readonly state: string;
      readonly lastRemote: string | null;
      readonly lastAttempt: Attempt | null;
      readonly lastReply: string | null;
    }
  >;
}

const settled = (site: Site, id: string): Promise<Shown["recipients"][number]> =>
  eventually(async () => {
    const { stdout } = await postern(["--config", site.config, "queue", "show", id, "--json"]);
    const [r] = (JSON.parse(stdout) as Shown).recipients;
    return r?.lastReply === null || r === undefined ? null : r;
  });

Deno.test({
  name:
    "routes and DANE through the whole server, as route test and queue show tell. HOP-01, HOP-22, EXT-RTLS-3",
  ignore: !PEERS,
  fn: async () => {
    const pair = await makeSelfSigned(["whatever.test"], Date.now());
    const hop = await ScriptedHop.start({ tls: { key: pair.keyPem, cert: pair.certificatePem } });
    const special = await ScriptedHop.start();
    const right = associated(new X509Certificate(pair.certificatePem), 1, 1);
    const zone = (data: string) => ({
      text:
        `@ 300 IN MX 10 mx\nmx 300 IN A 127.0.0.1\n_${hop.port}._tcp.mx 300 IN TLSA 3 1 1 ${data}`,
      signed: true,
    });
    const bind = await startSigned({ "good.test": zone(right), "bad.test": zone("00".repeat(32)) });
    const unbound = await startUnbound(bind, ["good.test", "bad.test"]);
    const site = await makeSite({
      routes: `
[[route]]
to = "*"
via = "mx:${hop.port}"
[[route]]
to = "special.test"
from = ["example.com"]
via = ["smtp://127.0.0.2:9", "smtp://127.0.0.1:${special.port}"]
tls = "none"
[next_hop]
loopback_exchangers = true
[dns]
servers = ["127.0.0.1:${unbound.port}"]
`,
    });
    const server = await startPostern(site);
    const test = async (...args: ReadonlyArray<string>) => {
      const { code, stdout } = await postern(["--config", site.config, "route", "test", ...args]);
      return { code, stdout };
    };
    try {
      const good = await settled(site, await submit(site, "bob@good.test"));
      assert.equal(good.state, "delivered");
      assert.match(
        good.lastRemote ?? "",
        /\(verified TLS; policy: DANE: TLSA of _\d+\._tcp\.mx\.good\.test\)$/,
      );

      const { ms = -1, ...met } = good.lastAttempt ?? { host: "" };
      assert.ok(ms >= 0);
      const tls = met.tls === undefined || met.tls === "clear" ? { cipher: "" } : met.tls;
      assert.match(tls.cipher, /^TLS_/);
      assert.deepEqual(met, {
        host: "mx.good.test",
        address: "127.0.0.1",
        tls: { version: "TLSv1.3", cipher: tls.cipher, verified: "DANE" },
        policy: `DANE: TLSA of _${hop.port}._tcp.mx.good.test`,
      });

      const bad = await settled(site, await submit(site, "bob@bad.test"));
      assert.equal(bad.state, "queued");
      assert.match(bad.lastReply ?? "", /DANE: certificate matches no TLSA record/);

      const despite = await settled(
        site,
        await submit(site, "bob@bad.test", "TLS-Required: No\r\n"),
      );
      assert.equal(despite.state, "delivered");

      const routed = await settled(site, await submit(site, "bob@special.test"));
      assert.equal(routed.state, "delivered");
      assert.equal(special.messages.length, 1);

      const told = await test("bob@good.test", "--resolve", "--json");
      assert.equal(told.code, 0);
      assert.deepEqual(JSON.parse(told.stdout), {
        recipient: "bob@good.test",
        steps: [{ route: 1, to: "*", unmet: null }],
        route: 1,
        to: "*",
        hop: "mx:good.test",
        tls: "opportunistic",
        limits: null,
        durability: "spool",
        forwardLogin: false,
        hosts: [{
          host: "mx.good.test",
          at: `127.0.0.1:${hop.port}`,
          policy: `DANE: TLSA of _${hop.port}._tcp.mx.good.test`,
        }],
      });
      const other = await test("bob@special.test", "--from", "eve@example.net");
      assert.deepEqual(other.stdout.split("\n").slice(0, 4), [
        "bob@special.test",
        '  route 2 (to = "special.test"): the return path is none of those in from',
        '  route 1 (to = "*"): taken',
        "  next hop mx:special.test, tls = opportunistic",
      ]);
      assert.equal((await test("bob@[192.0.2.1]")).code, 1);
    } finally {
      await server.stop();
      await unbound.stop();
      await bind.stop();
      await hop.stop();
      await special.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});

Deno.test({
  name:
    "a smarthost that wants a login at MAIL is told in the log as an error, and the message waits. HOP-17",
  ignore: !["openssl", "curl"].every(installed),
  fn: async () => {
    const reply = "530 5.7.0 Must issue a STARTTLS command first";
    const hop = await ScriptedHop.start({
      on: (c) => c.startsWith("MAIL") ? reply : undefined,
    });
    const site = await makeSite({
      routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
    });
    const server = await startPostern(site);
    try {
      for (const to of ["bob@example.net", "carol@example.net"]) {
        const r = await settled(site, await submit(site, to));
        assert.equal(r.state, "queued");
        assert.equal(r.lastReply, reply);
      }
      const told = server.output().split("\n").filter((l) =>
        l.includes("The next hop does not take our login")
      );
      assert.equal(told.length, 1, server.output());
      assert.match(told[0] ?? "", /level=ERROR.*530 5\.7\.0/i);
    } finally {
      await server.stop();
      await hop.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});

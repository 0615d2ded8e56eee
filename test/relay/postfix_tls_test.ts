/** Postfix as a mail exchanger with TLS, found through a signed zone of BIND and a validating Unbound. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { resolverLayer } from "../../lib/dns/resolver.ts";
import { associated } from "../../lib/net/dane.ts";
import type { TlsLevel } from "../../lib/ports/routes.ts";
import { startSigned, startUnbound } from "../support/name_servers.ts";
import { freePort, installed } from "../support/postern.ts";
import { postfixAvailable, startPostfix } from "../support/postfix.ts";
import { makeAuthority, makeServer } from "../support/test_ca.ts";
import { withRelay } from "./harness.ts";

const PEERS = ["named", "dnssec-signzone", "unbound", "openssl"].every(installed) &&
  postfixAvailable();

Deno.test({
  name:
    "relay to Postfix: verified by DANE-TA and by authorities, refused on a wrong name. HOP-20, HOP-23",
  ignore: !PEERS,
  fn: async () => {
    const dir = await Deno.makeTempDir({ prefix: "postern-postfix-tls-" });
    // Postfix works under users of its own
    await Deno.chmod(dir, 0o755);
    await makeAuthority(dir);
    const pair = await makeServer(dir, "mx", ["mx.good.test"]);
    await Deno.writeTextFile(`${dir}/chain.pem`, pair.chain);
    const port = await freePort();
    const anchor = associated(new X509Certificate(await Deno.readTextFile(`${dir}/ca.pem`)), 0, 1);
    const zone = (more: string) => ({
      text: `@ 300 IN MX 10 mx\nmx 300 IN A 127.0.0.1\n${more}`,
      signed: true,
    });
    const postfix = await startPostfix({
      dir: `${dir}/pf`,
      mx: {
        port,
        domain: "good.test",
        tls: { certificate: `${dir}/chain.pem`, key: `${dir}/mx.key` },
      },
    });
    const bind = await startSigned({
      "good.test": zone(`_${port}._tcp.mx 300 IN TLSA 2 0 1 ${anchor}`),
      "bad.test": zone(`_${port}._tcp.mx 300 IN TLSA 2 0 1 ${anchor}`),
      "plain.test": zone(""),
    });
    const unbound = await startUnbound(bind, ["good.test", "bad.test", "plain.test"]);
    let level: TlsLevel = "opportunistic";
    try {
      await withRelay({
        hop: (address) => ({ _tag: "Mx", domain: address.split("@")[1] ?? "", port, tls: level }),
        settings: { access: () => ({ credentials: null, ca: `${dir}/ca.pem` }) },
        resolver: resolverLayer({
          servers: [{ _tag: "Plain", host: "127.0.0.1", port: unbound.port, trusted: true }],
          timeoutMs: 3_000,
          attempts: 2,
          trust: "auto",
          ca: null,
        }),
      }, async (relay) => {
        const sent = async (domain: string): Promise<string> => {
          const id = await relay.send({ to: [`inbox@${domain}`] });
          const [said = ""] = await relay.settled(id);
          return `${said} @ ${(await relay.recipients(id))[0]?.lastRemote}`;
        };
        assert.match(
          await sent("good.test"),
          /^delivered: 250 .*\(verified TLS; policy: DANE: TLSA of /,
        );
        assert.match(
          await sent("bad.test"),
          /^queued: TLS: DANE: certificate by the TLSA anchor is for another name/,
        );
        level = "required";
        assert.match(
          await sent("plain.test"),
          /^queued: TLS: certificate is not trusted for this host/,
        );
        assert.match(postfix.log(), /TLS connection established from/);
        assert.doesNotMatch(postfix.log(), /bad\.test|plain\.test/);
      });
    } finally {
      await unbound.stop();
      await bind.stop();
      await postfix.stop();
      await Deno.remove(dir, { recursive: true });
    }
  },
});

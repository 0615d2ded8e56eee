/** The HTTP endpoints and the name server of a running Postern, asked by curl and dig; what a stop does. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { dig, run } from "../support/dig.ts";
import {
  eventually,
  freePort,
  installed,
  makeSite,
  type Site,
  startPostern,
} from "../support/postern.ts";
import { readXml } from "../support/python.ts";

const ignore = !["curl", "dig", "python3", "openssl"].every(installed);

interface Ports {
  readonly https: number;
  readonly http: number;
  readonly dns: number;
}

const DOMAIN = `[[domain]]
name = "example.com"
display_name = "Example Mail"
web = "mail.example.com"
imaps = ["imap.provider.example"]
submissions = ["msa.example.com:465", "msa2.example.com:465"]
mx = ["10 mx.example.com"]
mta_sts = "testing"
`;

const start = async (
  more: (p: Ports) => string,
): Promise<{ readonly site: Site; readonly ports: Ports }> => {
  const ports = { https: await freePort(), http: await freePort(), dns: await freePort() };
  const site = await makeSite({
    routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"',
    more: more(ports),
  });
  return { site, ports };
};

const web = (p: Ports) =>
  `${DOMAIN}
[http]
listen = ["127.0.0.1:${p.https}"]
listen_plain = ["127.0.0.1:${p.http}"]
[[tls.sni]]
certificate = "auto.pem"
key = "auto.key"
`;

/** A certificate of its own for one of the names. */
const makeCertificate = async (dir: string, name: string): Promise<void> => {
  const made = await run("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30".split(" "),
    "-subj",
    `/CN=${name}`,
    "-addext",
    `subjectAltName=DNS:${name}`,
    "-keyout",
    join(dir, "auto.key"),
    "-out",
    join(dir, "auto.pem"),
  ]);
  assert.equal(made.code, 0, made.text);
};

const curl = async (ports: Ports, url: string, ...args: ReadonlyArray<string>) => {
  const { hostname } = new URL(url);
  const { code, text } = await run("curl", [
    "--silent",
    "--show-error",
    "--include",
    "--max-time",
    "10",
    "--resolve",
    `${hostname}:443:127.0.0.1`,
    "--connect-to",
    `${hostname}:443:127.0.0.1:${ports.https}`,
    "--connect-to",
    `${hostname}:80:127.0.0.1:${ports.http}`,
    ...args,
    url,
  ]);
  assert.equal(code, 0, text);
  const [head = "", ...body] = text.split("\r\n\r\n");
  return { status: Number(/^HTTP\/\S+ (\d+)/.exec(head)?.[1]), head, body: body.join("\r\n\r\n") };
};

Deno.test({
  name:
    "the endpoints over HTTPS: certificate by name, no password wanted or logged. AC-1..AC-3, AD-9, AD-11",
  ignore,
  fn: async () => {
    const { site, ports } = await start(web);
    await makeCertificate(site.dir, "autoconfig.example.com");
    const running = await startPostern(site);
    try {
      await eventually(() => running.output().includes("answers HTTP on") ? true : null);
      const begun = running.output().length;
      const trust = ["--cacert", join(site.dir, "auto.pem")];
      const auto = await curl(
        ports,
        "https://autoconfig.example.com/mail/config-v1.1.xml?emailaddress=alice@example.com",
        ...trust,
      );
      assert.equal(auto.status, 200);
      assert.match(auto.head, /content-type: text\/xml; charset=utf-8/i);
      await readXml(auto.body);
      assert.match(auto.body, /imap\.provider\.example/);

      const insecure = "--insecure"; // the other certificate is for localhost
      const pox = await curl(
        ports,
        "https://autodiscover.example.com/Autodiscover/Autodiscover.xml",
        insecure,
        "--user",
        "alice@example.com:hunter2secret",
        "--data",
        "<Autodiscover><Request><EMailAddress>alice@example.com</EMailAddress></Request></Autodiscover>",
      );
      assert.equal(pox.status, 200);
      assert.match(pox.body, /<LoginName>alice@example\.com</);
      const led = await curl(
        ports,
        "http://autodiscover.example.com/autodiscover/autodiscover.xml",
      );
      assert.equal(led.status, 302);
      assert.match(led.head, /location: https:\/\/mail\.example\.com\/autodiscover/i);

      const sts = await curl(
        ports,
        "https://mta-sts.example.com/.well-known/mta-sts.txt",
        insecure,
      );
      assert.match(sts.body, /^version: STSv1\r\nmode: testing\r\nmx: mx\.example\.com\r\n/);
      const long = join(site.dir, "long");
      await Deno.writeTextFile(long, "x".repeat(200_000));
      const refused = await curl(
        ports,
        "https://autodiscover.example.com/autodiscover/autodiscover.xml",
        insecure,
        "--data-binary",
        `@${long}`,
      );
      assert.ok(refused.status === 400 || refused.status === 413, String(refused.status));
      // threats.md row 35: nobody sets the host that is answered for
      const forged = ["--header", "Host: autoconfig.evil.example"];
      const url = "https://autoconfig.example.com/mail/config-v1.1.xml";
      assert.equal((await curl(ports, url, ...trust, ...forged)).status, 404);
      const claimed = ["--header", "X-Forwarded-Host: autoconfig.evil.example"];
      assert.equal((await curl(ports, url, ...trust, ...claimed)).status, 200);
      assert.doesNotMatch(running.output().slice(begun), /hunter2|aHVudGVy|alice@/);
    } finally {
      assert.equal(await running.stop(), 0);
    }
  },
});

Deno.test({
  name: "a node that stops puts itself last in SRV, waits for the TTL, and only then closes",
  ignore,
  fn: async () => {
    const { site, ports } = await start((p) =>
      `${DOMAIN}
[dns_server]
listen = ["127.0.0.1:${p.dns}"]
zones = ["_tcp.example.com"]
ns = ["ns1.example.com"]
mailbox = "hostmaster@example.com"
ttl_seconds = 5
`
    );
    const running = await startPostern(site);
    const ask = (type: string, name = "_submissions._tcp.example.com") =>
      dig(ports.dns, name, type);
    const submission = () =>
      Deno.connect({ hostname: "127.0.0.1", port: site.submission }).then((c) => {
        c.close();
        return true;
      }, () => false);
    const before = await ask("SRV");
    assert.deepEqual(before.answer, [
      "_submissions._tcp.example.com. 5 IN SRV 0 1 465 msa.example.com.",
      "_submissions._tcp.example.com. 5 IN SRV 0 1 465 msa2.example.com.",
    ]);
    const started = performance.now();
    const stopped = running.stop();
    const during = await eventually(async () => {
      const dug = await ask("SRV");
      return dug.answer.some((l) => l.includes(" 1000 ")) ? dug : null;
    }, 4000);
    assert.deepEqual(during.answer, [
      "_submissions._tcp.example.com. 5 IN SRV 0 1 465 msa2.example.com.",
      "_submissions._tcp.example.com. 5 IN SRV 1000 0 465 msa.example.com.",
    ]);
    assert.ok(await submission(), "sessions are still taken");
    assert.equal(await stopped, 0);
    assert.ok(performance.now() - started >= 5000);
    assert.ok(!await submission());
  },
});

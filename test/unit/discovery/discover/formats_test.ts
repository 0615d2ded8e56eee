/** Configuration for tools, read by the tools where they are here. autodiscovery.md §9.9 */
import assert from "node:assert/strict";
import { parse as parseToml } from "smol-toml";
import { TOOL_FORMATS } from "../../../../lib/discovery/discover/formats/all.ts";
import { explainLines, tableLines } from "../../../../lib/discovery/discover/formats/people.ts";
import { readAutoconfig } from "../../../../lib/discovery/discover/autoconfig_document.ts";
import type { DiscoverResult, FoundService } from "../../../../lib/discovery/discover/result.ts";
import { run } from "../../../support/dig.ts";
import { installed } from "../../../support/postern.ts";

const service = (more: Partial<FoundService> & Pick<FoundService, "kind">): FoundService => ({
  tls: "implicit",
  host: "mail.example.com",
  port: more.kind === "imap" ? 993 : 465,
  url: null,
  username: { value: "user@example.com", form: "address", source: "autoconfig" },
  auth: ["password"],
  rank: 0,
  trust: "same-domain",
  confirm: [],
  rejected: null,
  sources: [{ method: "srv" }],
  probe: null,
  ...more,
});

const result = (
  services: ReadonlyArray<FoundService> = [
    service({ kind: "imap" }),
    service({ kind: "submission" }),
  ],
  more: Partial<DiscoverResult> = {},
): DiscoverResult => ({
  version: 1,
  email: "user@example.com",
  domain: "example.com",
  verdict: "ok",
  provider: "Example Mail",
  incoming: "imap",
  services,
  absent: [],
  conflicts: [],
  warnings: [],
  attempts: [
    { method: "srv", target: "_imaps._tcp.example.com", ms: 1.25, outcome: "found", detail: null },
    { method: "pacc", target: "x", ms: 3, outcome: "nxdomain", detail: "no such host" },
  ],
  ttl: 300,
  storeUntil: "user-reconfigures",
  ...more,
});

/** What a hostile document may put into a user name and a display name. */
const EVIL = `a'b"c\\d$(id)\`id\`;%s{}[]#é`;
const evil = (): DiscoverResult => {
  const username = { value: EVIL, form: "other", source: "autoconfig" } as const;
  return result([
    service({ kind: "imap", username }),
    service({ kind: "submission", username, tls: "starttls", port: 587 }),
  ], { provider: `x'; touch /tmp/postern-owned; '` });
};

const withFile = async (text: string, body: (path: string) => Promise<void>): Promise<void> => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, text);
    await Deno.chmod(path, 0o600);
    await body(path);
  } finally {
    await Deno.remove(path);
  }
};

Deno.test("env: sourced by sh, a hostile name stays a value. OUT-3", async () => {
  const text = TOOL_FORMATS.env(evil()) ?? "";
  await withFile(text, async (path) => {
    const { code, text: out } = await run("sh", [
      "-ec",
      `. ${path}; printf '%s|%s|%s|%s' "$IMAP_USER" "$SMTP_PORT" "$SMTP_TLS" "$MAIL_PROVIDER"`,
    ]);
    assert.equal(code, 0);
    assert.equal(out, `${EVIL}|587|starttls|x'; touch /tmp/postern-owned; '`);
    await assert.rejects(Deno.stat("/tmp/postern-owned"));
  });
});

Deno.test({
  name: "msmtp: read by msmtp, a hostile user name included",
  ignore: !installed("msmtp"),
  fn: async () => {
    for (const [r, user] of [[result(), "user@example.com"], [evil(), EVIL]] as const) {
      await withFile(TOOL_FORMATS.msmtp(r) ?? "", async (path) => {
        const { code, text } = await run("msmtp", ["-C", path, "--pretend", "x@example.org"]);
        assert.equal(code, 0, text);
        assert.match(text, /host\s*=\s*mail\.example\.com/);
        assert.ok(
          text.includes(`user = ${user}`) || text.includes(`user                  = ${user}`),
          text,
        );
        assert.match(text, r.services[1]?.tls === "starttls" ? /port\s*=\s*587/ : /port\s*=\s*465/);
      });
    }
  },
});

Deno.test({
  name: "git-send-email: read by git, a hostile user name included",
  ignore: !installed("git"),
  fn: async () => {
    for (const [r, user] of [[result(), "user@example.com"], [evil(), EVIL]] as const) {
      await withFile(TOOL_FORMATS["git-send-email"](r) ?? "", async (path) => {
        const get = async (key: string) =>
          (await run("git", ["config", "-f", path, `sendemail.${key}`])).text.trim();
        assert.equal(await get("smtpServer"), "mail.example.com");
        assert.equal(await get("smtpUser"), user);
        assert.equal(
          await get("smtpEncryption"),
          r.services[1]?.tls === "starttls" ? "tls" : "ssl",
        );
      });
    }
  },
});

Deno.test({
  name: "mutt: read by mutt, which runs nothing out of a hostile user name",
  ignore: !installed("mutt"),
  fn: async () => {
    for (const [r, user] of [[result(), "user@example.com"], [evil(), EVIL]] as const) {
      await withFile(TOOL_FORMATS.mutt(r) ?? "", async (path) => {
        const { code, text } = await run("mutt", [
          "-n",
          "-F",
          path,
          "-Q",
          "imap_user",
          "-Q",
          "smtp_url",
          "-Q",
          "folder",
        ]);
        assert.equal(code, 0, text);
        assert.ok(text.includes(`imap_user="${user.replace(/[\\"]/g, "\\$&")}"`), text);
        assert.match(text, /mail\.example\.com:993/);
      });
    }
  },
});

Deno.test("himalaya: TOML that says the same", () => {
  for (const [r, user] of [[result(), "user@example.com"], [evil(), EVIL]] as const) {
    const { accounts } = parseToml(TOOL_FORMATS.himalaya(r) ?? "");
    assert.equal(
      JSON.stringify(accounts).includes(JSON.stringify(user)),
      true,
    );
  }
});

Deno.test("aerc: the user name is escaped in its URLs", () => {
  const text = TOOL_FORMATS.aerc(evil()) ?? "";
  const [, source = ""] = /^source = (.*)$/m.exec(text) ?? [];
  assert.equal(decodeURIComponent(new URL(source).username), EVIL);
  assert.match(text, /^outgoing = smtp:\/\/.*:587$/m);
  assert.match(TOOL_FORMATS.aerc(result()) ?? "", /^outgoing = smtps:\/\/.*:465$/m);
});

Deno.test("isync: quoted for mbsync, and for IMAP only", () => {
  assert.match(TOOL_FORMATS.isync(evil()) ?? "", /^User "a'b\\"c\\\\d/m);
  assert.equal(
    TOOL_FORMATS.isync(result([service({ kind: "submission" })], { incoming: null })),
    null,
  );
});

Deno.test("tokens where the server takes nothing else", () => {
  const r = result([
    service({ kind: "imap", auth: ["oauth2"] }),
    service({ kind: "submission", auth: ["oauth2"] }),
  ]);
  assert.match(TOOL_FORMATS.msmtp(r) ?? "", /^auth oauthbearer$/m);
  assert.match(TOOL_FORMATS.aerc(r) ?? "", /imaps\+oauthbearer:/);
});

Deno.test("autoconfig-xml: reads back as the same services. OUT-4", () => {
  const text = TOOL_FORMATS["autoconfig-xml"](result()) ?? "";
  const read = readAutoconfig(text);
  assert.ok(read._tag === "Document");
  assert.deepEqual(read.document.servers.map((s) => `${s.kind} ${s.host}:${s.port} ${s.tls}`), [
    "imap mail.example.com:993 implicit",
    "submission mail.example.com:465 implicit",
  ]);
});

Deno.test("a format that finds nothing to use says so", () => {
  const none = result([], { incoming: null, verdict: "none" });
  for (
    const name of [
      "msmtp",
      "mutt",
      "aerc",
      "himalaya",
      "isync",
      "git-send-email",
      "autoconfig-xml",
    ] as const
  ) {
    assert.equal(TOOL_FORMATS[name](none), null, name);
  }
});

Deno.test("the table holds a line for each service, and every attempt is explained once. OUT-1, OUT-2", () => {
  const r = result();
  assert.deepEqual(tableLines(r), [
    "SERVICE     WHERE                 TLS       USER              AUTH      TRUST        FROM",
    "imap        mail.example.com:993  implicit  user@example.com  password  same-domain  srv",
    "submission  mail.example.com:465  implicit  user@example.com  password  same-domain  srv",
    "user@example.com: found",
  ]);
  const lines = explainLines(r);
  for (const a of r.attempts) {
    assert.equal(lines.filter((l) => l.includes(a.target)).length >= 1, true);
  }
  assert.equal(lines.length, r.attempts.length);
});

Deno.test("the table passes no control character on to a terminal, and cuts no domain. SEC-9", () => {
  const long = `${"a".repeat(60)}.${"b".repeat(60)}.example`;
  const r = result([service({ kind: "imap", host: long })], {
    warnings: [{ code: "x", detail: "\u001b[31mred\u0007" }],
  });
  const text = tableLines(r).join("\n");
  assert.ok(text.includes(long));
  // deno-lint-ignore no-control-regex -- controls are what must not be there
  assert.ok(!/[\u0000-\u0009\u000b-\u001f]/.test(text));
});

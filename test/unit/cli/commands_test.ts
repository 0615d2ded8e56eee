/** The command line as a process, with the permissions of `deno task postern` and no more. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Effect } from "effect";
import { openDatabase } from "../../../lib/spool/database/database.ts";
import meta from "../../../deno.json" with { type: "json" };
import { ensureFirstRun } from "../../../lib/cli/start/first_run.ts";

const MOD = new URL("../../../main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../../deno.json", import.meta.url).pathname;
const FLAGS = meta.tasks.postern.split(" ").filter((word) => word.startsWith("--allow-"));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const postern = async (
  dir: string,
  args: ReadonlyArray<string>,
  input = "",
): Promise<Ended> => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--config", CONFIG, ...FLAGS, MOD, ...args],
    cwd: "/",
    env: { INIT_CWD: dir, NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
};

const inDirectory = (name: string, body: (dir: string) => Promise<void>) =>
  Deno.test(name, async () => {
    const dir = await Deno.realPath(await Deno.makeTempDir());
    try {
      await body(dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

const json = (e: Ended): unknown => JSON.parse(e.out);

inDirectory("postern account goes from add to remove, and tells what is wrong", async (dir) => {
  await Effect.runPromise(ensureFirstRun(join(dir, "data")));
  const account = (...args: ReadonlyArray<string>) => postern(dir, ["account", ...args]);

  const made = await account(
    "add",
    "alice@example.net",
    "--alias",
    "a.smith@example.net",
    "--json",
  );
  assert.equal(made.code, 0, made.err);
  const { password, ...rest } = json(made) as Record<string, unknown>;
  assert.match(String(password), /^[a-z2-9-]{23}$/);
  assert.deepEqual(rest, {
    address: "alice@example.net",
    aliases: ["a.smith@example.net"],
    disabled: false,
    minimum: "plain",
    certificates: [],
  });

  const taken = await account("add", "A.Smith@EXAMPLE.net");
  assert.deepEqual(taken, {
    code: 1,
    out: "",
    err: "postern: A.Smith@EXAMPLE.net belongs to alice@example.net already\n",
  });

  const given = await postern(
    dir,
    ["account", "passwd", "a.smith@example.net", "--password-stdin"],
    "four words of mine\n",
  );
  assert.deepEqual(given, {
    code: 0,
    out: "alice@example.net\n  alias a.smith@example.net\n",
    err: "",
  });

  const plain = { minimum: "plain", certificates: [] };
  assert.equal((await account("disable", "alice@example.net")).code, 0);
  assert.deepEqual(json(await account("list", "--json")), [
    { ...plain, address: "alice@example.net", aliases: ["a.smith@example.net"], disabled: true },
    { ...plain, address: "me@postern.localhost", aliases: [], disabled: false },
  ]);
  assert.equal((await account("remove", "alice@example.net")).code, 0);
  assert.deepEqual(await account("show", "alice@example.net"), {
    code: 1,
    out: "",
    err: "postern: there is no account alice@example.net\n",
  });
});

inDirectory("postern account minimum and certificate set how an account signs in", async (dir) => {
  await Effect.runPromise(ensureFirstRun(join(dir, "data")));
  const account = (...args: ReadonlyArray<string>) => postern(dir, ["account", ...args]);
  const me = "me@postern.localhost";
  assert.equal((await account("add", "alice@example.net")).code, 0);

  assert.deepEqual(await account("minimum", me, "scram-sha-256"), {
    code: 0,
    out: `${me}\n  signs in with scram-sha-256 or better\n`,
    err: "",
  });
  const wrong = await account("minimum", me, "scram");
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /scram-sha-256-plus/, "what is allowed is told");

  const take = (text: string) => postern(dir, ["account", "import", "alice@example.net"], text);
  assert.equal((await take(`$2b$05$${"a".repeat(53)}\n`)).code, 0);
  const refused = await take("not a hash\n");
  assert.equal(refused.code, 2);
  assert.match(
    refused.err,
    /^postern: this password cannot be used: as a hash it has to begin with \$6\$ /,
  );

  const hex = "AB:".repeat(31) + "cd";
  const print = "ab".repeat(31) + "cd";
  const own = join("data", "cert.pem");
  const added = await account("certificate", me, "--add", hex, "--add", own, "--json");
  assert.equal(added.code, 0, added.err);
  const { certificates } = json(added) as { certificates: ReadonlyArray<string> };
  assert.equal(certificates.length, 2);
  assert.ok(certificates.includes(print));
  assert.deepEqual(await account("certificate", "alice@example.net", "--add", hex), {
    code: 1,
    out: "",
    err: `postern: this certificate already belongs to ${me}\n`,
  });
  assert.deepEqual(await account("certificate", me, "--add", "nonsense"), {
    code: 2,
    out: "",
    err: 'postern: "nonsense" is neither a SHA-256 fingerprint nor a file\n',
  });
  assert.match((await account("certificate", me, "--remove", own)).out, new RegExp(print));
  assert.equal((await account("certificate", me, "--remove", own)).code, 1, "it is gone already");
});

inDirectory("postern ends with 2 and a few lines when it is used wrongly", async (dir) => {
  for (
    const [args, err] of [
      [["account", "list"], /^postern: no configuration: neither postern\.toml nor /],
      [["--config", "x.toml", "queue", "list"], /^postern: .*\/x\.toml: there is no such file\n$/],
      [["acount"], /^postern: Unknown subcommand "acount".*\n(postern: .*\n)+$/],
      [
        ["explain"],
        /^postern: Missing required flag: --as\npostern: see postern explain --help\n$/,
      ],
    ] as const
  ) {
    const e = await postern(dir, args);
    assert.deepEqual([e.code, e.out], [2, ""], e.err);
    assert.match(e.err, err);
  }
});

inDirectory("postern config check tells faults by line, and config schema is JSON", async (dir) => {
  const { config } = await Effect.runPromise(ensureFirstRun(join(dir, "data")));
  assert.deepEqual(await postern(dir, ["config", "check"]), {
    code: 0,
    out: `${config}: good\n`,
    err: "",
  });
  const text = await Deno.readTextFile(config);
  await Deno.writeTextFile(join(dir, "postern.toml"), text.replace("hostname", "hostnme"));
  const bad = await postern(dir, ["config", "check"]);
  assert.equal(bad.code, 2);
  assert.deepEqual(bad.err.split("\n").slice(0, 2), [
    `postern: ${dir}/postern.toml:3: hostnme: unknown key; did you mean "hostname"?`,
    `postern: ${dir}/postern.toml: hostname: is missing; it must be a text in quotes`,
  ]);
  const schema = json(await postern(dir, ["config", "schema"]));
  assert.equal((schema as Record<string, unknown>)["title"], "Postern configuration");
});

inDirectory(
  "postern explain ends with 0 or 1 by what would become of the message, and stores nothing",
  async (dir) => {
    await Effect.runPromise(ensureFirstRun(join(dir, "data")));
    const before = [...Deno.readDirSync(join(dir, "data"))].map((e) => e.name).sort();
    const message = "From: me@postern.localhost\nTo: you@example.net\n\nHello.\n";
    await Deno.writeTextFile(join(dir, "m.eml"), message);

    const good = await postern(dir, ["explain", "--as", "me@postern.localhost", "m.eml"]);
    assert.equal(good.code, 0, good.err);
    assert.match(good.out, /^C: MAIL FROM:<me@postern\.localhost>/);
    assert.match(good.out, /^S: 250 2\.0\.0 OK queued as explain$/m);
    assert.match(good.out, /^\+ Date: /m);
    assert.match(good.out, /\naccepted\n$/);

    const forged = await postern(
      dir,
      ["explain", "--as", "me@postern.localhost", "--json"],
      message.replace("me@", "boss@"),
    );
    assert.equal(forged.code, 1, forged.err);
    const said = json(forged) as { accepted: boolean; exchanges: Array<{ reply: string }> };
    assert.equal(said.accepted, false);
    assert.match(said.exchanges.at(-1)?.reply ?? "", /^550 5\.7\.1 /);

    // raw UTF-8: encoded, or as it is where MAIL says so
    const raw = message.replace("Hello", "Hi").replace("To:", "Subject: Gr\u00fc\u00dfe\nTo:");
    const ascii = await postern(dir, ["explain", "--as", "me@postern.localhost"], raw);
    assert.equal(ascii.code, 0, ascii.err);
    assert.doesNotMatch(ascii.out, /SMTPUTF8/);
    assert.match(ascii.out, /^\+ Subject: =\?UTF-8\?/m);
    const utf8 = await postern(
      dir,
      ["explain", "--as", "me@postern.localhost", "--smtputf8"],
      raw,
    );
    assert.equal(utf8.code, 0, utf8.err);
    assert.match(utf8.out, /^C: MAIL FROM:<me@postern\.localhost>.* SMTPUTF8/m);
    assert.doesNotMatch(utf8.out, /=\?UTF-8\?/);

    const outsider = await postern(
      dir,
      ["explain", "--as", "me@postern.localhost", "--from", "x@example.net", "m.eml"],
    );
    assert.equal(outsider.code, 1);
    assert.equal(
      (await postern(dir, ["explain", "--as", "no@postern.localhost", "m.eml"])).code,
      2,
    );
    const after = [...Deno.readDirSync(join(dir, "data"))].map((e) => e.name).sort();
    assert.deepEqual(after, before);
  },
);

inDirectory("postern queue says that there is no spool yet, and makes none", async (dir) => {
  await Effect.runPromise(ensureFirstRun(join(dir, "data")));
  const e = await postern(dir, ["queue", "list"]);
  assert.equal(e.code, 1);
  assert.match(e.err, /^postern: there is no spool in .* yet: the server has not run\n$/);
  await assert.rejects(Deno.stat(join(dir, "data", "demo-spool.db")), Deno.errors.NotFound);
});

inDirectory("postern queue tells what an operator must say", async (dir) => {
  await Effect.runPromise(ensureFirstRun(join(dir, "data")));
  openDatabase(join(dir, "data", "demo-spool.db")).close();
  for (
    const [args, code, said] of [
      [["list"], 0, /^nothing in the queue\n$/],
      [["list", "--json", "--domain", "*.example.net", "--older", "2d"], 0, /^\[\]\n$/],
      [["count"], 0, /^nothing in the queue\n$/],
      [["hold"], 2, /say which messages/],
      [["hold", "--all", "--sender", "<>"], 2, /say which messages/],
      [["hold", "--sender", "<>", "--dry-run", "--json"], 0, /"dryRun": true/],
      [["retry", "--older", "soon"], 2, /--older must be a time such as 30m/],
      [["remove", "none"], 1, /nothing to do: none is unknown/],
      [["reroute", "--all", "--via", "pigeon"], 2, /--via must be smtp:/],
      [["edit", "--all", "--from", "a@example.net", "--to", "nobody"], 2, /must be addresses/],
      [["list", "--state", "held, removed"], 0, /^nothing in the queue\n$/],
      [["list", "--state", "lost"], 2, /--state must be of queued, leased, held/],
      [["list", "--domain", "a b"], 2, /--domain must be a name/],
    ] as const
  ) {
    const r = await postern(dir, ["queue", ...args]);
    assert.deepEqual([r.code, said.test(r.out + r.err)], [code, true], `${args}: ${r.out}${r.err}`);
  }
});

inDirectory("postern rights grants, answers who, of and test, and takes back", async (dir) => {
  const { config } = await Effect.runPromise(ensureFirstRun(join(dir, "data")));
  const rights = (...args: ReadonlyArray<string>) => postern(dir, ["rights", ...args]);
  await postern(dir, ["account", "add", "mary-ann@postern.localhost"]);
  const me = "me@postern.localhost";

  const before = await rights("test", me, "--from", "boss@postern.localhost");
  assert.equal(before.code, 1, before.err);
  assert.match(before.out, /\nrefused: 550 5\.7\.1 .* You may send as me@postern\.localhost\n$/);

  const made = await rights("grant", me, "boss@postern.localhost", "--on-behalf");
  assert.deepEqual(made, {
    code: 0,
    out: `granted: ${me} on-behalf boss@postern.localhost\n`,
    err: "",
  });
  const after = json(await rights("test", me, "--from", "boss@postern.localhost", "--json"));
  const { granted, sender } = after as { granted: boolean; sender: string | null };
  assert.deepEqual([granted, sender], [true, me]);
  const path = await rights("test", me, "--mail-from", "boss@postern.localhost");
  assert.equal(path.code, 1);

  assert.equal((await rights("join", me, "staff")).out, `${me} joins group:staff\n`);
  await rights("grant", "group:staff", "*@postern.localhost", "--until", "2100-01-01");
  const who = await rights("who", "office@postern.localhost");
  assert.equal(
    who.out,
    `${me}  as *@postern.localhost  (grant to group:staff, until 2100-01-01T00:00:00.000Z)\n`,
  );
  const of = json(await rights("of", me, "--json")) as { rights: Array<{ address: string }> };
  assert.deepEqual(of.rights.map((r) => r.address), [
    me,
    "me+*@postern.localhost",
    "boss@postern.localhost",
    "*@postern.localhost",
  ]);
  const shown = await postern(dir, ["account", "show", me]);
  assert.match(shown.out, /\n {2}member of group:staff\n {2}granted me@\S+ on-behalf boss@/);
  assert.equal((await rights("limit", me, "*@postern.localhost")).code, 0);
  const limited = await rights("test", me, "--to", "x@example.org");
  assert.match(limited.out, /refused: 550 5\.7\.1 .* recipient/);
  assert.equal((await rights("revoke", me, "boss@postern.localhost")).code, 0);
  const list = json(await rights("list", "--json")) as Record<string, ReadonlyArray<unknown>>;
  assert.deepEqual(Object.values(list).map((v) => v.length), [1, 1, 1]);
  assert.equal((await rights("grant", me, "b*@postern.localhost")).code, 2);

  await Deno.writeTextFile(
    config,
    `${await Deno.readTextFile(config)}\n[rights]\nseparator = "-"\n`,
  );
  const check = await postern(dir, ["config", "check"]);
  assert.match(
    check.out + check.err,
    /rights\.separator = "-": "-" is in the account name mary-ann@/,
  );
});

/**
 * What comes between the last octet and the reply, under the whole server: a lock on the spool, a commit that takes its
 * time, a process that is stopped, a client that hangs up, a server that ends. Every message is refused and never sent,
 * or accepted and sent once, while its client repeats it. docs/design/interruption.md
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { STATE } from "../../lib/spool/database/schema.ts";
import { beginTrouble } from "../support/sqlite_trouble.ts";
import {
  eventually,
  installed,
  makeSite,
  type Running,
  type Site,
  startPostern,
} from "../support/postern.ts";
import { type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { SmtpDialog } from "../support/smtp_dialog.ts";

const SIZES = { "2 KB": 2_000, "400 KB": 400_000 } as const;

const wait = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

const signedIn = async (site: Site): Promise<SmtpDialog> => {
  const d = await SmtpDialog.open({ port: site.submissions, implicitTls: true });
  assert.match(await d.one(`AUTH PLAIN ${btoa(`\0${site.user}\0${site.password}`)}`), /^235 /);
  return d;
};

let dates = 0;

/** As a client writes it each time anew: the Date is another one, all else is the same. */
const textOf = (name: string, octets: number): string =>
  [
    `Date: Tue, 01 Dec 2026 10:00:${String(dates++ % 60).padStart(2, "0")} +0000`,
    "From: <alice@example.com>",
    "To: <bob@example.net>",
    `Subject: ${name}`,
    `Message-ID: <${name.replaceAll(" ", "-")}@client.example>`,
    "",
    `${"x".repeat(70)}\r\n`.repeat(Math.ceil(octets / 72)),
  ].join("\r\n");

const envelope = async (d: SmtpDialog): Promise<void> => {
  for (const line of ["MAIL FROM:<alice@example.com>", "RCPT TO:<bob@example.net>"]) {
    assert.match(await d.one(line), /^250/);
  }
};

/** A message up to its final dot; what is returned sends that, and yields the reply. */
const upToDot = async (
  d: SmtpDialog,
  name: string,
  octets: number,
): Promise<() => Promise<string>> => {
  await envelope(d);
  assert.match(await d.one("DATA"), /^354/);
  d.socket.write(textOf(name, octets));
  return () => d.one(".");
};

/** The same in one chunk, which is the last. RFC 3030 §2 */
const upToChunk = async (
  d: SmtpDialog,
  name: string,
  octets: number,
): Promise<() => Promise<string>> => {
  await envelope(d);
  const text = textOf(name, octets);
  d.socket.write(`BDAT ${text.length} LAST\r\n${text.slice(0, -2)}`);
  await wait(200);
  // its last line end
  return () => d.one("");
};

/** Until it is told 250: all that it was told. */
const persist = async (
  site: Site,
  name: string,
  octets: number,
  first: () => Promise<string>,
): Promise<ReadonlyArray<string>> => {
  const told = [await first()];
  while (!told.at(-1)!.startsWith("250")) {
    assert.ok(told.length < 50, told.join("\n"));
    assert.match(told.at(-1)!, /^451 4\.3\.0 /);
    const d = await signedIn(site);
    told.push(await (await upToDot(d, name, octets))());
    d.close();
  }
  return told;
};

/** Another process holds the spool for so long; resolves once it does. */
const lock = async (site: Site, ms: number): Promise<{ readonly over: Promise<unknown> }> => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { DatabaseSync } from "node:sqlite";
       const db = new DatabaseSync(Deno.args[0], { timeout: 5000 });
       db.exec("BEGIN EXCLUSIVE");
       console.log("locked");
       setTimeout(() => { db.exec("ROLLBACK"); db.close(); }, Number(Deno.args[1]));`,
      join(site.dir, "data/spool.db"),
      String(ms),
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /locked/);
  return { over: Promise.all([reader.cancel(), child.status]) };
};

interface World {
  readonly site: Site;
  readonly server: Running;
  /** Starts it once more; it has ended. */
  readonly again: () => Promise<void>;
  readonly spool: DatabaseSync;
  /** Each of these arrived once, nothing else did, and the spool has nothing open. */
  readonly arrived: (names: ReadonlyArray<string>) => Promise<void>;
}

const test = (
  name: string,
  answerSeconds: number,
  body: (w: World) => Promise<void>,
  script: Script = {},
): void =>
  Deno.test({
    name,
    ignore: !installed("openssl"),
    fn: async () => {
      const hop = await ScriptedHop.start(script);
      const site = await makeSite({
        routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
        more: `[limits]\nanswer_seconds = ${answerSeconds}`,
      });
      let server = await startPostern(site);
      const spool = new DatabaseSync(join(site.dir, "data/spool.db"), { timeout: 5_000 });
      const taken = () => hop.messages.filter((m) => m.to.length > 0);
      const subjects = () =>
        taken().map((m) => /^Subject: (.*)\r$/m.exec(m.data)?.[1] ?? "").sort();
      const open = () =>
        spool.prepare("SELECT count(*) AS n FROM recipient WHERE state <> ?").get(STATE.delivered)
          ?.["n"];
      try {
        await body({
          site,
          spool,
          get server() {
            return server;
          },
          again: async () => {
            server = await startPostern(site);
          },
          arrived: async (names) => {
            await eventually(() => taken().length >= names.length && open() === 0 ? true : null)
              .catch(() => {});
            assert.deepEqual(subjects(), [...names].sort());
            assert.equal(open(), 0);
          },
        });
        assert.equal(await server.stop(), 0, server.output());
      } finally {
        spool.close();
        await server.kill().catch(() => {});
        await hop.stop();
        await Deno.remove(site.dir, { recursive: true });
      }
    },
  });

test(
  "A1: another process holds the spool for 7 s, answers are due in 4: what is told 451 is not kept, and the repeat is sent once",
  4,
  async ({ site, arrived }) => {
    const names = Object.entries(SIZES).flatMap(([what, octets]) =>
      [1, 2].map((i) => ({ name: `locked ${what} ${i}`, octets }))
    );
    const clients = await Promise.all(names.map(async ({ name, octets }, i) => {
      const d = await signedIn(site);
      const end = await (i % 2 === 0 ? upToDot : upToChunk)(d, name, octets);
      return { name, octets, end, d };
    }));
    // so that what came last is on its way through the server
    await wait(300);
    const { over } = await lock(site, 7_000);
    const told = await Promise.all(
      clients.map((c) => persist(site, c.name, c.octets, c.end)),
    );
    await over;
    for (const replies of told) assert.ok(replies.length >= 2, replies.join("\n"));
    await arrived(names.map((n) => n.name));
    for (const { d } of clients) d.close();
  },
);

for (const [what, octets] of Object.entries(SIZES)) {
  test(
    `a commit of ${what} that takes longer than an answer may is awaited, and known when it comes again`,
    1,
    async ({ site, spool, arrived }) => {
      const d = await signedIn(site);
      const end = await upToDot(d, "slow", octets);
      await wait(200);
      const free = beginTrouble(spool, "slow", 4_000);
      const from = performance.now();
      const reply = await end();
      assert.match(reply, /^250 2\.0\.0 /);
      assert.ok(performance.now() - from > 1_500, "it was not slow");
      free();
      const repeated = await upToDot(d, "slow", octets);
      assert.equal(await repeated(), reply);
      await arrived(["slow"]);
      d.close();
    },
  );

  test(
    `a server that is stopped (SIGSTOP) while it commits ${what} answers the truth once it goes on`,
    1,
    async ({ site, spool, server, arrived }) => {
      const d = await signedIn(site);
      const end = await upToDot(d, "stopped", octets);
      await wait(200);
      const free = beginTrouble(spool, "slow", 2_000);
      const reply = end();
      await wait(600);
      Deno.kill(server.pid, "SIGSTOP");
      await wait(3_500);
      Deno.kill(server.pid, "SIGCONT");
      const told = await persist(site, "stopped", octets, () => reply);
      free();
      assert.equal(told.length, 1, told.join("\n"));
      await arrived(["stopped"]);
      d.close();
    },
  );

  test(
    `a server that is stopped (SIGSTOP) while it waits for the spool keeps ${what} once or not at all`,
    1,
    async ({ site, server, arrived }) => {
      const d = await signedIn(site);
      const end = await upToDot(d, "both", octets);
      await wait(200);
      const { over } = await lock(site, 2_000);
      const reply = end();
      await wait(300);
      Deno.kill(server.pid, "SIGSTOP");
      await over;
      await wait(1_000);
      Deno.kill(server.pid, "SIGCONT");
      await persist(site, "both", octets, () => reply);
      await arrived(["both"]);
      d.close();
    },
  );

  test(
    `a client that hangs up while ${what} is committed and comes again is told of the first one`,
    1,
    async ({ site, spool, arrived }) => {
      const d = await signedIn(site);
      const end = await upToDot(d, "unheard", octets);
      await wait(200);
      const free = beginTrouble(spool, "slow", 3_000);
      const unheard = end().catch(() => "");
      await wait(500);
      d.close();
      await unheard;
      const again = await signedIn(site);
      // refused as long as the first one is on its way
      const told = await persist(site, "unheard", octets, await upToDot(again, "unheard", octets));
      free();
      await arrived(["unheard"]);
      const { n } = spool.prepare("SELECT count(*) AS n FROM message WHERE complete = 1").get() as {
        readonly n: number;
      };
      assert.equal(n, 1, told.join("\n"));
      again.close();
    },
  );
}

test(
  "a server that ends (SIGTERM) while it commits has the message after its restart, and knows it",
  60,
  async ({ site, spool, server, again, arrived }) => {
    const d = await signedIn(site);
    const end = await upToDot(d, "ending", 2_000);
    await wait(200);
    const free = beginTrouble(spool, "slow", 3_000);
    const reply = end().catch(() => "");
    await wait(500);
    assert.equal(await server.stop(), 0, server.output());
    const told = await reply;
    free();
    assert.ok(told === "" || told.startsWith("250"), told);
    await again();
    const repeat = await signedIn(site);
    const second = await (await upToDot(repeat, "ending", 2_000))();
    assert.match(second, /^250 /);
    if (told !== "") assert.equal(second, told);
    await arrived(["ending"]);
    repeat.close();
  },
);

test(
  "a lease of ours that nobody holds is found while the server runs, and sent",
  60,
  async ({ site, spool, arrived }) => {
    const d = await signedIn(site);
    assert.match(await (await upToDot(d, "lost", 2_000))(), /^250 /);
    const lose = spool.prepare(
      "UPDATE recipient SET state = ?, due = 0, owner = (SELECT id FROM owner) WHERE state = ? AND attempts > 0",
    );
    // deferred for half an hour, and then taken by nobody
    await eventually(() => Number(lose.run(STATE.leased, STATE.queued).changes) > 0 ? true : null);
    await arrived(["lost"]);
    d.close();
  },
  { on: (command, nth) => command.startsWith("RCPT") && nth === 1 ? "450 4.2.0 later" : undefined },
);

test(
  "A2: another Subject is another message, another Date is not",
  60,
  async ({ site, arrived }) => {
    const d = await signedIn(site);
    const send = async (name: string, subject: string): Promise<string> => {
      await envelope(d);
      assert.match(await d.one("DATA"), /^354/);
      return await d.one(
        textOf(name, 200).replace(/^Subject: .*$/m, `Subject: ${subject}`) + "\r\n.",
      );
    };
    const first = await send("list", "[PATCH] one");
    assert.equal(await send("list", "[PATCH] one"), first);
    assert.notEqual(await send("list", "[PATCH RESEND] one"), first);
    await arrived(["[PATCH] one", "[PATCH RESEND] one"]);
    d.close();
  },
);

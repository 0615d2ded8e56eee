/**
 * A disk that is full, read-only or cannot sync, under the whole server. threats.md row 38: clients are put off, nothing that
 * was acknowledged is lost, what cannot be recorded is not sent again, and all goes on once the disk does.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { STATE } from "../../lib/spool/database/schema.ts";
import { NO_SYNC, READ_ONLY, trouble } from "../support/disk_fault.ts";
import {
  eventually,
  installed,
  makeSite,
  postern,
  type Running,
  type Site,
  startPostern,
} from "../support/postern.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { canMount, SmallDisk } from "../support/small_disk.ts";
import { SmtpDialog } from "../support/smtp_dialog.ts";

const open = async (site: Site): Promise<SmtpDialog> => {
  const d = await SmtpDialog.open({ port: site.submissions, implicitTls: true });
  const login = (password: string) => btoa(`\0${site.user}\0${password}`);
  assert.match(await d.one(`AUTH PLAIN ${login("wrong")}`), /^535 /);
  assert.match(await d.one(`AUTH PLAIN ${login(site.password)}`), /^235 /);
  return d;
};

/** The last reply: that to the end of data, or the first that stands in the way. */
const submit = async (d: SmtpDialog, site: Site, subject: string, size = 0): Promise<string> => {
  for (const line of [`MAIL FROM:<${site.user}>`, "RCPT TO:<bob@example.net>"]) {
    const reply = await d.one(line);
    if (!reply.startsWith("250")) return reply;
  }
  assert.match(await d.one("DATA"), /^354/);
  return await d.one(
    `From: <${site.user}>\r\nSubject: ${subject}\r\n\r\n${
      `${"x".repeat(70)}\r\n`.repeat(size / 72)
    }.`,
  );
};

interface Fault {
  readonly name: string;
  readonly refusal: RegExp;
  /** Begins it; what is returned ends it. */
  readonly begin: (server: Running, disk: SmallDisk) => Promise<() => Promise<void> | void>;
}

const FAULTS: ReadonlyArray<Fault> = [
  {
    name: "full",
    refusal: /^452 4\.3\.1 /,
    begin: (_, disk) => {
      disk.fill();
      return Promise.resolve(() => disk.free());
    },
  },
  {
    name: "read-only",
    refusal: /^451 4\.3\.0 /,
    begin: ({ pid }) => trouble(pid, READ_ONLY),
  },
  {
    name: "unable to sync",
    refusal: /^451 4\.3\.0 /,
    begin: ({ pid }) => trouble(pid, NO_SYNC),
  },
];

/** States of all recipients in the spool. */
const states = (site: Site): ReadonlyArray<number> => {
  const db = new DatabaseSync(join(site.dir, "data/spool.db"), { readOnly: true });
  try {
    return db.prepare("SELECT state FROM recipient ORDER BY key").all()
      .map((r) => Number(r["state"]));
  } finally {
    db.close();
  }
};

const OFFERED_AGAIN = "it will be offered again";
const HERE = canMount && installed("openssl") && installed("strace");

for (const fault of FAULTS) {
  Deno.test({
    name:
      `threats.md row 38: a disk that is ${fault.name} puts off clients, and results wait for it`,
    ignore: !HERE,
    fn: async () => {
      const held = Promise.withResolvers<void>();
      const hop = await ScriptedHop.start({ hold: held.promise });
      const site = await makeSite({
        routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
        more: "[records]\naccepted = true",
      });
      const disk = SmallDisk.mount(join(site.dir, "data"), 16 * 1024 * 1024);
      try {
        const server = await startPostern(site);
        const d = await open(site);
        assert.match(await submit(d, site, "first"), /^250 2\.0\.0 /);
        await eventually(() => hop.messages.length === 1 ? true : null);
        const end = await fault.begin(server, disk);
        // the hop has taken it, and that cannot be written down
        held.resolve();
        for (let i = 0; i < 3; i++) {
          assert.match(await submit(d, site, `refused ${i}`), fault.refusal);
        }
        // staged on disk before its end
        assert.match(await submit(d, site, "refused", 720_000), fault.refusal);
        // whoever signs in now, and fails to, is answered as ever
        const other = await open(site);
        await eventually(() => server.output().includes(OFFERED_AGAIN) ? true : null);
        await new Promise((r) => setTimeout(r, 2_000));
        const tries = server.output().split(OFFERED_AGAIN).length - 1;
        assert.ok(tries >= 1 && tries <= 5, `offered ${tries} times: ${server.output()}`);
        assert.equal(hop.messages.length, 1);
        await end();
        await eventually(() => states(site)[0] === STATE.delivered ? true : null);
        assert.match(await submit(other, site, "after"), /^250 2\.0\.0 /);
        assert.match(await submit(other, site, "large", 720_000), /^250 2\.0\.0 /);
        await eventually(() => states(site).every((s) => s === STATE.delivered) ? true : null);
        assert.deepEqual(
          hop.messages.map((m) => /^Subject: (.*)\r$/m.exec(m.data)?.[1]),
          ["first", "after", "large"],
        );
        d.close();
        other.close();
        assert.equal(await server.stop(), 0, server.output());
      } finally {
        await hop.stop();
        disk.unmount();
        await Deno.remove(site.dir, { recursive: true });
      }
    },
  });
}

for (
  const [name, prepare] of [
    ["read-only", (disk: SmallDisk) => disk.readOnly(true)],
    ["full", (disk: SmallDisk) => disk.fill()],
  ] as const
) {
  Deno.test({
    name: `threats.md row 38: a server on a disk that is ${name} says so and does not start`,
    ignore: !HERE,
    fn: async () => {
      const site = await makeSite({ routes: `[[route]]\nto = "*"\nvia = "maildir:outbox"` });
      const disk = SmallDisk.mount(join(site.dir, "data"), 1024 * 1024);
      try {
        prepare(disk);
        await assert.rejects(startPostern(site), (e: Error) => {
          assert.match(e.message, /ended with 1: /);
          assert.match(e.message, /postern: (?:spool|accounts|records) in \S+\/data\/\w+\.db: /);
          assert.match(e.message, name === "full" ? /is full/ : /read-only/);
          assert.doesNotMatch(e.message, /\n\s+at /);
          return true;
        });
        const added = await postern(
          ["--config", site.config, "account", "add", "bob@example.com", "--password-stdin"],
          "correct horse battery\n",
        );
        assert.equal(added.code, 1);
        assert.match(added.stderr, /accounts in \S+\/data\/accounts\.db: /);
      } finally {
        disk.unmount();
        await Deno.remove(site.dir, { recursive: true });
      }
    },
  });
}

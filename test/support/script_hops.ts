/** Next hops in JavaScript and Python, each as a process of its own: Haraka, smtp-server, aiosmtpd. */
import { join } from "node:path";
import { type ForeignHop, startHop } from "./foreign_mta.ts";
import { freePort, installed } from "./postern.ts";

/** Where `.ci/run` installs what comes by npm. */
const NPM = join(Deno.env.get("POSTERN_NPM_HOPS") ?? "/var/cache/postern-hops", "node_modules");
/** Debian's own, which has the modules of Debian's packages; another one may come first on the path. */
const PYTHON = "/usr/bin/python3";

const HARAKA = join(NPM, "Haraka/haraka.js");
const SMTP_SERVER = join(NPM, "smtp-server/dist/cjs/smtp-server.js");

export const harakaAvailable = (): boolean => ["node", HARAKA].every(installed);
export const smtpServerAvailable = (): boolean => ["node", SMTP_SERVER].every(installed);
export const aiosmtpdAvailable = (): boolean =>
  [PYTHON, "/usr/lib/python3/dist-packages/aiosmtpd/smtp.py"].every(installed);

/** A process that keeps messages in `dir/new`, each renamed when it is whole. */
const launchHop = (
  dir: string,
  port: number,
  program: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
): Promise<ForeignHop> =>
  startHop(
    port,
    dir,
    new Deno.Command(program, {
      args: [...args],
      cwd: dir,
      env: { ...env },
      stdout: "null",
      stderr: "null",
    }),
  );

const prepare = async (dir: string): Promise<number> => {
  for (const d of ["part", "new"]) Deno.mkdirSync(join(dir, d));
  return await freePort();
};

/** A plugin that takes everybody but nobody@. */
const HARAKA_PLUGIN = `const fs = require("node:fs");
let n = 0;
exports.hook_rcpt = (next, _connection, [address]) =>
  address.user === "nobody" ? next(DENY, "no such user here") : next(OK);
exports.hook_queue = (next, { transaction }) => {
  const name = String(++n);
  const out = fs.createWriteStream("part/" + name);
  out.on("finish", () => {
    fs.renameSync("part/" + name, "new/" + name);
    next(OK);
  });
  transaction.message_stream.pipe(out);
};
`;

/** Takes everybody but nobody@. Answers 503 to whatever comes behind a final dot at once. */
export const startHaraka = async (dir: string): Promise<ForeignHop> => {
  const port = await prepare(dir);
  for (const d of ["config", "plugins", "queue"]) Deno.mkdirSync(join(dir, d));
  const files = {
    "config/smtp.ini": `listen=127.0.0.1:${port}\nnodes=0\n`,
    "config/me": "mx.example.net\n",
    "config/plugins": "keep\n",
    "plugins/keep.js": HARAKA_PLUGIN,
  };
  for (const [name, content] of Object.entries(files)) {
    Deno.writeTextFileSync(join(dir, name), content);
  }
  // it does not look for its own where a directory is named
  Deno.copyFileSync(join(NPM, "Haraka/config/connection.ini"), join(dir, "config/connection.ini"));
  return await launchHop(dir, port, "node", [HARAKA], { HARAKA: dir });
};

/** Takes everybody but nobody@. */
export const startSmtpServer = async (dir: string): Promise<ForeignHop> => {
  const port = await prepare(dir);
  Deno.writeTextFileSync(
    join(dir, "hop.cjs"),
    `const fs = require("node:fs");
const { SMTPServer } = require(${JSON.stringify(SMTP_SERVER)});
let n = 0;
new SMTPServer({
  authOptional: true,
  disabledCommands: ["AUTH", "STARTTLS"],
  disableReverseLookup: true,
  onRcptTo({ address }, session, done) {
    if (!address.startsWith("nobody@")) return done();
    done(Object.assign(new Error("5.1.1 no such user here"), { responseCode: 550 }));
  },
  onData(stream, session, done) {
    const name = String(++n);
    const out = fs.createWriteStream("part/" + name);
    out.on("finish", () => {
      fs.renameSync("part/" + name, "new/" + name);
      done();
    });
    stream.pipe(out);
  },
}).listen(${port}, "127.0.0.1");
`,
  );
  return await launchHop(dir, port, "node", ["hop.cjs"]);
};

/** Takes everybody but nobody@. It offers no PIPELINING. */
export const startAiosmtpd = async (dir: string): Promise<ForeignHop> => {
  const port = await prepare(dir);
  Deno.writeTextFileSync(
    join(dir, "hop.py"),
    `import asyncio, os
from aiosmtpd.smtp import SMTP

class Keep:
    n = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        Keep.n += 1
        part = "part/%d" % Keep.n
        with open(part, "wb") as out:
            out.write(envelope.original_content)
        os.rename(part, "new/%d" % Keep.n)
        return "250 2.0.0 kept"

async def main():
    factory = lambda: SMTP(Keep(), hostname="mx.example.net", enable_SMTPUTF8=True)
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", ${port})
    await server.serve_forever()

asyncio.run(main())
`,
  );
  return await launchHop(dir, port, PYTHON, ["hop.py"]);
};

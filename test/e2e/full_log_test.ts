/** A server whose log cannot be written answers as ever, and a terminal that closes stops it gracefully. */
import assert from "node:assert/strict";
import { connect } from "node:tls";
import { eventually, freePort, ROOT } from "../support/postern.ts";

/** Everything that it says until it closes, in answer to `commands` sent one after the other. */
const dialog = (port: number, commands: ReadonlyArray<string>): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = "";
    const left = [...commands];
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      said += text;
      if (/(^|\n)\d{3} [^\n]*\n$/.test(said)) {
        const next = left.shift();
        if (next !== undefined) socket.write(`${next}\r\n`);
      }
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(said));
  });

Deno.test({
  name: "serve 2>/dev/full answers 535 to a wrong password, and SIGHUP says 421 and ends with 0",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const dir = await Deno.makeTempDir({ prefix: "postern-log-" });
    const task = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)).tasks.start as string;
    const child = new Deno.Command("sh", {
      args: ["-c", `exec "$0" ${task.replace(/^deno /, "")} 2>/dev/full`, Deno.execPath()],
      cwd: ROOT,
      env: { NO_COLOR: "1", INIT_CWD: dir },
      stdin: "null",
      stdout: "null",
    });
    // the first run makes the directory; then the ports are changed to free ones
    const [submission, submissions] = [await freePort(), await freePort()];
    const made = child.spawn();
    const config = `${dir}/data/postern.toml`;
    await eventually(async () => await Deno.stat(config).then(() => true, () => null), 30_000);
    made.kill("SIGTERM");
    await made.status;
    const text = await Deno.readTextFile(config);
    await Deno.writeTextFile(
      config,
      text.replace("5870", String(submission)).replace("4650", String(submissions)),
    );
    const server = child.spawn();
    try {
      const plain = btoa("\0me@postern.localhost\0wrong");
      const login = ["EHLO a.example", `AUTH PLAIN ${plain}`, "QUIT"];
      const said = await eventually(() => dialog(submissions, login).catch(() => null), 30_000);
      assert.match(said, /\r\n535 5\.7\.8 /);
      const idle = dialog(submissions, ["EHLO a.example"]);
      await new Promise((resolve) => {
        const socket = connect({ port: submissions, rejectUnauthorized: false }, () => {
          socket.once("data", resolve).once("close", resolve);
          socket.on("error", resolve);
        });
      });
      server.kill("SIGHUP");
      assert.match(await idle, /\r\n421 4\.3\.2 |^421 4\.3\.2 /);
      assert.equal((await server.status).code, 0);
    } finally {
      try {
        server.kill("SIGKILL");
      } catch {
        // it has ended, as it should
      }
      await server.status;
      await Deno.remove(dir, { recursive: true });
    }
  },
});

/** A program that takes signed events over HTTP and checks each signature without the code under test. */
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { MailEvent } from "../../lib/ports/outbox.ts";

export interface Receiver {
  readonly url: string;
  /** In the order of their coming, doubles too. */
  readonly taken: ReadonlyArray<MailEvent>;
  /** What `dropped` said, post by post. */
  readonly dropped: ReadonlyArray<number>;
  readonly signatures: ReadonlyArray<boolean>;
  readonly requests: () => number;
  readonly stop: () => Promise<void>;
}

/** Answers with the statuses given, then 204. `port` 0: any. */
export const webhookReceiver = async (
  secret: string,
  statuses: ReadonlyArray<number> = [],
  port = 0,
): Promise<Receiver> => {
  const taken: Array<MailEvent> = [];
  const dropped: Array<number> = [];
  const signatures: Array<boolean> = [];
  let n = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (d) => body += d);
    request.on("end", () => {
      const given = String(request.headers["postern-signature"]);
      const t = /^t=(\d+),/.exec(given)?.[1] ?? "";
      const mac = createHmac("sha256", secret).update(`${t}.${body}`).digest("hex");
      signatures.push(
        given === `t=${t},v1=${mac}` && Math.abs(Number(t) * 1000 - Date.now()) < 5_000,
      );
      const status = statuses[n++] ?? 204;
      const told = JSON.parse(body);
      if (status < 300) {
        taken.push(...told.events);
        dropped.push(told.dropped);
      }
      response.writeHead(status, status === 302 ? { Location: "http://127.0.0.1:9/" } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  const at = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${at}/hook`,
    taken,
    dropped,
    signatures,
    requests: () => n,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

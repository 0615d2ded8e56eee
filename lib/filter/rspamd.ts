/** One message through rspamd: `POST /checkv2`, its body streamed, its JSON answer read with suspicion. */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request as http } from "node:http";
import { request as https } from "node:https";
import { Effect } from "effect";
import { printMailbox } from "../address/mailbox.ts";
import { type FilteredMessage, FilterFault, type FilterResult } from "../ports/filters.ts";
import { notToItself } from "../ports/self_connection.ts";
import { costOf } from "./packets.ts";
import { rspamdResult } from "./rspamd_answer.ts";

const MAX_ANSWER = 1_048_576;

export interface RspamdPlace {
  /** Of the server: `http://127.0.0.1:11333`. */
  readonly url: string;
  /** Null: it asks for none. */
  readonly password: string | null;
}

export const askRspamd =
  (place: RspamdPlace) => (m: FilteredMessage): Effect.Effect<FilterResult, FilterFault> =>
    Effect.flatMap(Effect.context<never>(), (context) =>
      Effect.tryPromise({
        try: async (signal) => {
          const url = new URL("/checkv2", place.url);
          const start = url.protocol === "https:" ? https : http;
          const head = Buffer.from(`${m.fields.map((f) => f.raw).join("")}\r\n`, "latin1");
          const req = start(url, {
            method: "POST",
            agent: false,
            signal,
            headers: { ...headersOf(m, place), "Content-Length": head.length + m.bodyOctets },
          });
          req.on("socket", notToItself);
          const answered = answerTo(req);
          // what comes back early is told by `answered` alone
          answered.catch(() => {});
          req.write(head);
          if (m.body !== null) {
            await Effect.runPromiseWith(context)(m.body.eachInTurn(async (chunk) => {
              if (!req.write(chunk)) await Promise.race([once(req, "drain"), answered]);
            }));
          }
          req.end();
          const { status, text } = await answered;
          if (status !== 200) throw new Error(`answered ${status}`);
          const result = rspamdResult(text);
          if (typeof result === "string") throw new Error(result);
          return result;
        },
        catch: (e) => new FilterFault({ problem: e instanceof Error ? e.message : String(e) }),
      }));

/** Values of HTTP fields are printable ASCII; addresses that are not are left out. */
const headersOf = (
  m: FilteredMessage,
  { password }: RspamdPlace,
): Readonly<Record<string, string | ReadonlyArray<string>>> => {
  const { envelope, session } = m;
  const ascii = (s: string): string => s.replace(/[^\x20-\x7e]/g, "?");
  const { returnPath } = envelope;
  return {
    "IP": session.clientAddress,
    "Helo": ascii(session.helo),
    "User": ascii(m.account),
    "From": returnPath === null ? "<>" : ascii(printMailbox(returnPath)),
    "Rcpt": envelope.recipients.map((r) => ascii(printMailbox(r.mailbox))),
    "Queue-Id": m.id,
    "MTA-Name": m.hostname,
    ...(session.tls === null
      ? {}
      : { "TLS-Cipher": session.tls.cipher, "TLS-Version": session.tls.version }),
    ...(password === null ? {} : { "Password": ascii(password) }),
  };
};

const answerTo = (
  req: ClientRequest,
): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    req.once("error", reject);
    req.once("response", (res: IncomingMessage) => {
      const parts: Array<Uint8Array> = [];
      let octets = 0; // with what each part takes beside them
      res.on("data", (part: Uint8Array) => {
        octets += costOf(part);
        if (octets <= MAX_ANSWER) parts.push(part);
        else {
          reject(new Error(`answers more than ${MAX_ANSWER} octets`));
          res.destroy();
        }
      });
      res.once("error", reject);
      res.once("close", () => reject(new Error("the answer was cut off")));
      res.once("end", () =>
        resolve({ status: res.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") }));
    });
  });

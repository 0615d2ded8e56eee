/**
 * Delivery into a Maildir: complete in `tmp`, synced, renamed to `new`, the directory synced.
 *
 * Lines end in LF there; Return-Path and Delivered-To are on top. RFC 5321 §4.4
 */
import { Effect } from "effect";
import { mkdir, open, rename, unlink } from "node:fs/promises";
import { DAMAGED, isDamage } from "./damaged.ts";
import { ours, type Verdict } from "../smtp/client/verdict.ts";

export interface MaildirMessage {
  /** Queue id and recipient key make the name unique, and the same at every attempt. */
  readonly name: string;
  /** Without angle brackets; empty for the null return path. */
  readonly returnPath: string;
  readonly recipient: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Seconds since the epoch at the front of the name. */
  readonly seconds: number;
}

const CR = 0x0d;
const LF = 0x0a;

/** CRLF to LF, chunks split anywhere. */
class LineEnds {
  #heldCr = false;

  push(chunk: Uint8Array): Uint8Array {
    const out = new Uint8Array(chunk.length + 1);
    let n = 0;
    for (const c of chunk) {
      if (this.#heldCr && c !== LF) out[n++] = CR;
      this.#heldCr = c === CR;
      if (!this.#heldCr) out[n++] = c;
    }
    return out.subarray(0, n);
  }

  /** A CR that was the very last octet. */
  end(): Uint8Array {
    return this.#heldCr ? Uint8Array.of(CR) : new Uint8Array(0);
  }
}

const syncDirectory = async (path: string): Promise<void> => {
  const d = await open(path, "r");
  try {
    await d.sync();
  } finally {
    await d.close();
  }
};

const write = async (file: string, message: MaildirMessage): Promise<void> => {
  const top = `Return-Path: <${message.returnPath}>\nDelivered-To: ${message.recipient}\n`;
  const handle = await open(file, "w", 0o600);
  try {
    const ends = new LineEnds();
    await handle.writeFile(new TextEncoder().encode(top));
    for await (const chunk of message.chunks) await handle.writeFile(ends.push(chunk));
    await handle.writeFile(ends.end());
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const put = async (directory: string, message: MaildirMessage): Promise<void> => {
  for (const d of ["tmp", "new", "cur"]) {
    await mkdir(`${directory}/${d}`, { recursive: true, mode: 0o700 });
  }
  const temporary = `${directory}/tmp/${message.name}`;
  try {
    await write(temporary, message);
    await rename(temporary, `${directory}/new/${message.seconds}.${message.name}`);
  } catch (cause) {
    await unlink(temporary).catch(() => {});
    throw cause;
  }
  await syncDirectory(`${directory}/new`);
};

const DONE: Verdict = {
  kind: "accepted",
  status: "2.0.0",
  text: "Delivered to Maildir",
  remote: false,
};
const FULL = ours("temporary", "4.3.1", "No room in the Maildir now");
const NOT_WRITTEN = ours("temporary", "4.3.0", "Maildir cannot be written now");

const isFull = (cause: unknown): boolean =>
  typeof cause === "object" && cause !== null && "code" in cause &&
  (cause.code === "ENOSPC" || cause.code === "EDQUOT");

/** Every fault is temporary, since it is ours to mend and the message is safe where it is, save that it is damaged. */
export const deliverToMaildir = (
  directory: string,
  message: MaildirMessage,
): Effect.Effect<Verdict> =>
  Effect.match(Effect.tryPromise(() => put(directory, message)), {
    onSuccess: () => DONE,
    onFailure: (e) => isFull(e.cause) ? FULL : isDamage(e) ? DAMAGED : NOT_WRITTEN,
  }).pipe(
    Effect.tap((v) =>
      v === DONE ? Effect.void : Effect.logWarning("Maildir delivery failed", { directory, v })
    ),
  );

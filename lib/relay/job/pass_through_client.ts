/**
 * Pass-through: a message whose client waits for the reply of the next hop. It is a job like any other, except that
 * its results go to the client instead of the spool.
 */
import { Effect } from "effect";
import { octetsOf } from "../../message/text.ts";
import { contactText } from "../../ports/attempt.ts";
import type { HandedOver, HopReply, Passing } from "../../ports/hand_over.ts";
import type { Credentials } from "../../ports/routes.ts";
import { NOT_SENT } from "../../smtp/client/transaction.ts";
import { ours, softened, TIMED_OUT, type Verdict } from "../../smtp/client/verdict.ts";
import type { Connection } from "../session/connection.ts";
import type { Result } from "./outcome.ts";
import type { Timed } from "../session/deadlines.ts";

const STOPPED = ours("temporary", "4.3.2", "Server is shutting down");

/** `deadline` by `performance.now()`: see `Watch`. */
export class PassThroughClient implements Timed {
  readonly deadline: number;
  readonly login: Credentials | null;
  /** It has its answer: no attempt may begin, and no more is read of it. */
  over = false;
  readonly #passing: Passing;
  readonly #tell: (h: HandedOver) => void;
  /** What carries it now. */
  #connection: Connection | null = null;
  #late = false;

  /** `tell` is called once. */
  constructor(passing: Passing, deadline: number, tell: (h: HandedOver) => void) {
    this.deadline = deadline;
    this.login = passing.login;
    this.#passing = passing;
    this.#tell = tell;
  }

  answer(h: HandedOver): void {
    if (this.over) return;
    this.over = true;
    this.#connection = null;
    this.#tell(h);
  }

  /** Nothing of it was sent, since the hop cannot be used. */
  unreachable(v: Verdict, remote: string | null): void {
    this.answer({ _tag: "Unreachable", reply: said(v), remote });
  }

  loginRefused(v: Verdict, remote: string | null): void {
    this.answer({ _tag: "LoginRefused", reply: said(v), remote });
  }

  /** Its transaction begins on `connection`. */
  sentOn(connection: Connection): void {
    this.#connection = connection;
  }

  /** Time is over, and no attempt more is to be made. */
  get late(): boolean {
    return this.#late;
  }

  /** The client cannot wait longer. What is under way ends, and how it ended is still told. RFC 5321 §4.5.3.2.6 */
  expire(): void {
    this.#late = true;
    if (this.#connection === null) this.unreachable(TIMED_OUT, null);
    else this.#connection.drop();
  }

  /** The server stops, and nobody else tells how it ended. RFC 5321 §3.8 */
  stop(): void {
    const connection = this.#connection;
    if (connection === null) return this.unreachable(STOPPED, null);
    connection.drop();
    this.answer({ _tag: "Doubtful", reply: said(STOPPED), remote: connection.remote });
  }

  /** Head and body, from the beginning at each call; ends early where it is over. */
  async *content(): AsyncGenerator<Uint8Array> {
    const { head, body } = this.#passing;
    yield octetsOf(head);
    for (let i = 0; !this.over; i++) {
      const part = await Effect.runPromise(body.part(i));
      if (part === null) return;
      yield part;
    }
    throw new Error("no client waits any longer");
  }
}

/** What a transaction came to; `to` in the order of the verdicts. */
export const handedOver = (
  verdicts: ReadonlyArray<Verdict>,
  to: ReadonlyArray<string>,
  remote: string,
  doubtful: boolean,
): HandedOver => {
  const first = verdicts[0] ?? TIMED_OUT;
  if (doubtful) return { _tag: "Doubtful", reply: said(first), remote };
  if (verdicts.every((v) => v.kind === "accepted")) {
    return { _tag: "Taken", reply: said(first), remote };
  }
  const refused = verdicts.flatMap((v, i) => v === NOT_SENT ? [] : [{ v, to: to[i] ?? "" }]);
  const broke = refused.find(({ v }) => v.kind === "temporary" && !v.remote);
  if (broke !== undefined) return { _tag: "Unreachable", reply: said(broke.v), remote };
  const gravest = refused.find(({ v }) => v.kind === "permanent") ?? refused[0];
  if (gravest === undefined) return { _tag: "Unreachable", reply: said(TIMED_OUT), remote };
  const reply = said(gravest.v);
  const alike = refused.length === verdicts.length &&
    verdicts.every((v) => said(v).kind === reply.kind);
  if (!alike) return { _tag: "Divided", reply, remote, recipient: gravest.to };
  const ofAll = verdicts.every((v) => v === first);
  return { _tag: "Refused", reply, remote, recipient: ofAll ? null : gravest.to };
};

/** What was found before anything of it was sent: it cannot be sent at all, or not now. */
export const toldOf = (awaited: PassThroughClient, results: ReadonlyArray<Result>): void => {
  const [first] = results;
  const verdict = first?.verdict ?? TIMED_OUT;
  const contact = first?.contact ?? null;
  const remote = contact === null ? null : contactText(contact);
  if (verdict.kind !== "permanent") return awaited.unreachable(verdict, remote);
  awaited.answer({ _tag: "Refused", reply: said(verdict), remote, recipient: null });
};

/** `later` means now what it says to a client: 4yz. RFC 5321 §4.5.3.1.10 */
const said = (v: Verdict): HopReply => {
  const { kind, status, text, remote } = v.kind === "later" ? softened(v) : v;
  return { kind: kind === "later" ? "temporary" : kind, status, text, remote };
};

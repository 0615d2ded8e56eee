/**
 * Drives the client machine over one link: octets to replies, outputs to writes. RFC 5321 §4.5.3.2
 *
 * Plain callbacks; a message costs a write or two and no Effect here. Time-outs are a deadline each,
 * looked at by the one timer of `watch.ts`.
 */
import { joined } from "../../message/release.ts";
import { type Contact, contactText } from "../../ports/attempt.ts";
import type { DialTarget, Link, LinkEvents, TlsRequest } from "../../ports/dialer.ts";
import { NO_OFFER, type Offer } from "../../smtp/client/offer.ts";
import { ReplyReader } from "../../smtp/client/reply_reader.ts";
import {
  type Behind,
  type Input,
  type Mail,
  opening,
  type Output,
  type Session,
  type State,
  waiting,
} from "../../smtp/client/state.ts";
import { step } from "../../smtp/client/step.ts";
import { ours, type Verdict } from "../../smtp/client/verdict.ts";
import { type Content, pour } from "./content.ts";
import { unreadable } from "../../files/damaged.ts";
import { type Peer, Unusable } from "./peer.ts";
import type { Patience } from "../settings.ts";
import type { Deadlines } from "./deadlines.ts";

/** How a transaction ended. */
export interface Transacted {
  readonly verdicts: ReadonlyArray<Verdict>;
  /** It never began, was called back in time, or went ahead in vain: worth sending on its own, where it is still to be sent. */
  readonly stale: boolean;
  /** The end mark was out and no reply came: the server may have taken the message. RFC 5321 §4.1.1.4 */
  readonly doubtful: boolean;
}

interface Underway {
  readonly content: Content;
  /** False: it was called back since, and not an octet of it may leave. */
  readonly wanted: () => boolean;
  readonly done: (t: Transacted) => void;
}

export const UNFIT = ours("permanent", "5.6.0", "Message holds a bare CR or LF and cannot be sent");
const CALLED_BACK = ours("temporary", "4.3.0", "Message was called back before it was sent");

export class Connection {
  /** Whom it leads to; what came of TLS once that is decided. */
  contact: Contact;
  /** Messages begun. */
  used = 0;
  /** What the hop said in its last EHLO. RFC 9422 §3.7 */
  offer: Offer = NO_OFFER;
  /** Domains of recipients that were named here; as many as the hop takes where it is `full`. RFC 9422 §4.3 */
  readonly domains = new Set<string>();
  full = false;
  /** Where it leads to. */
  readonly target: DialTarget;
  /** Called when the host has shown whether it takes commands behind the content. */
  onAhead: (taken: boolean) => void = () => {};
  /** Called once, when no transaction can follow on this connection. */
  onEnd: () => void = () => {};
  /** For `Deadlines`: when patience ends, by `performance.now()`. */
  deadline = Infinity;
  readonly #patience: Patience;
  readonly #watch: Deadlines;
  readonly #tls: TlsRequest;
  readonly #why: string;
  readonly #reader = new ReplyReader();
  #state: State;
  #link: Link | null = null;
  #opened: (offer: Offer | Unusable) => void;
  /** What is under way, and what follows it. */
  readonly #messages: Array<Underway> = [];
  /** Verdicts of the oldest messages that are not reported yet. */
  #finished: Array<Transacted> = [];
  /** Octets of this turn, to leave in one write. */
  #out: Array<Uint8Array | string> = [];
  #handshake: (() => void) | null = null;

  constructor(
    peer: Peer,
    patience: Patience,
    watch: Deadlines,
    opened: (offer: Offer | Unusable) => void,
  ) {
    this.contact = { host: peer.host };
    this.target = peer.target;
    this.#patience = patience;
    this.#watch = watch;
    this.#opened = opened;
    this.#state = opening({ ...peer.session, tls: tlsFromTheStart(peer) });
    this.#tls = peer.tls;
    this.#why = peer.why;
  }

  readonly events: LinkEvents = {
    onData: (chunk) => {
      this.#reader.feed(chunk);
      if (this.#link !== null) this.#pump();
    },
    onClose: (reason) => this.#external({ _tag: "Lost", reason }),
  };

  /** The link is up; its first octets may have come. */
  attach(link: Link, host: string): void {
    this.#link = link;
    this.contact = { host, address: link.remote };
    this.#watch.add(this);
    this.#rearm();
    this.#pump();
  }

  /** For people. */
  get remote(): string {
    return contactText(this.contact);
  }

  get ready(): boolean {
    return this.#state._tag === "Ready";
  }

  get underTls(): boolean {
    return this.#state._tag === "Ready" && this.#state.session.tls !== "clear";
  }

  /** A message may be given to it that follows the one under way. */
  get takesNext(): boolean {
    return this.#state._tag === "Transaction" && this.#state.next === null;
  }

  /** Legal while `ready` or `takesNext`. `done` is called once. */
  deliver(
    mail: Mail,
    content: Content,
    done: (t: Transacted) => void,
    wanted: () => boolean = () => true,
    behind: Behind = "wait",
  ): void {
    this.#messages.push({ content, wanted, done });
    this.used++;
    this.#external({ _tag: "Deliver", mail, behind });
  }

  /** QUIT, and the link closes; in the middle of a transaction it is dropped. */
  quit(): void {
    this.#external({ _tag: "Quit" });
  }

  /** Drops the link; a transaction under way ends as lost. */
  drop(): void {
    this.#external({ _tag: "Lost", reason: "" });
  }

  /** Called by `Deadlines` when the deadline has passed. */
  expire(): void {
    this.#external(this.ready ? { _tag: "Quit" } : { _tag: "Timeout" });
  }

  #external(input: Input): void {
    this.#apply(input);
    this.#report();
    this.#flush();
  }

  #pump(): void {
    for (;;) {
      const r = this.#reader.next();
      if (r === null) break;
      this.#apply(
        r._tag === "Reply"
          ? { _tag: "Reply", reply: r.reply, more: this.#reader.pending }
          : { _tag: "Garbage" },
      );
      if (this.#state._tag === "Closed" || this.#state._tag === "Handshake") break;
    }
    // the listener may have the next message ready: its commands leave in the same write
    this.#report();
    this.#flush();
  }

  #apply(input: Input): void {
    const before = this.#state;
    const [state, ...outputs] = step(before, input);
    this.#state = state;
    if (usable(before) && !usable(state)) this.onEnd();
    this.#rearm();
    for (const output of outputs) this.#perform(output, before);
    if (state._tag === "Closed") this.#abandon();
  }

  /** A message that was to follow and has not begun. */
  #abandon(): void {
    while (this.#messages.length > this.#finished.length) {
      this.#finished.push({ verdicts: [], stale: true, doubtful: false });
    }
  }

  #perform(output: Output, before: State): void {
    switch (output._tag) {
      case "Send":
        this.#out.push(output.text);
        return;
      case "SendContent":
        return this.#write();
      case "StartTls":
        this.#flush();
        return this.#handshake?.();
      case "Opened":
        this.contact = { ...this.contact, ...this.#protection() };
        this.offer = output.offer;
        return this.#opened(output.offer);
      case "Refused":
        if (output.stage === "TLS" || output.stage === "AUTH") {
          this.contact = { ...this.contact, policy: this.#why };
        }
        return this.#opened(
          new Unusable({
            stage: output.stage,
            verdict: output.verdict,
            contact: this.contact,
            handshake: false,
          }),
        );
      case "Finished":
        this.#finished.push({
          verdicts: output.verdicts,
          stale: output.again === true || this.#stale(before),
          doubtful: doubtful(before, this.#state, output.verdicts),
        });
        return;
      case "Ahead":
        return this.onAhead(output.taken);
      case "Close":
        this.#flush();
        this.#watch.remove(this);
        this.#link?.end();
    }
  }

  #calledBack = false;

  #stale(before: State): boolean {
    if (this.#calledBack) return true;
    if (this.#state._tag !== "Closed" || before._tag !== "Transaction") return false;
    const { _tag: phase } = before.phase;
    return this.used > 1 && (phase === "Mail" || phase === "Reset");
  }

  #flush(): void {
    const out = this.#out;
    if (out.length === 0) return;
    this.#out = [];
    this.#link?.write(out.length === 1 ? out[0]! : inOne(out));
  }

  /** Which TLS policy holds and what came of it; nothing where there can be no TLS. */
  #protection(): Pick<Contact, "tls" | "policy"> {
    if (this.#why === "") return {};
    const policy = this.#why;
    const { _tag } = this.#state;
    const tls = _tag === "Ready" ? this.#state.session.tls : "clear";
    if (tls === "clear") return { tls, policy };
    const { version, cipher } = this.#link?.protection() ?? { version: "TLS", cipher: "" };
    const by = this.#tls.tlsa === undefined ? "PKIX" : "DANE";
    return { tls: { version, cipher, verified: tls === "verified" ? by : null }, policy };
  }

  /** Only after all replies that have come were read, so that none spills into the next transaction. */
  #report(): void {
    const finished = this.#finished;
    if (finished.length === 0) return;
    this.#finished = [];
    const messages = this.#messages.splice(0, finished.length);
    finished.forEach((t, i) => messages[i]?.done(t));
  }

  #write(): void {
    const message = this.#messages[this.#finished.length];
    const content = message?.content;
    const link = this.#link;
    if (message?.wanted() === false) {
      this.#calledBack = true;
      // there is no other way to take MAIL, RCPT and DATA back. RFC 5321 §4.1.1.5
      link?.destroy();
      return this.#apply({ _tag: "ContentFailed", verdict: CALLED_BACK });
    }
    if (content === undefined || link === null || content._tag === "Unfit") {
      return this.#apply({ _tag: "ContentFailed", verdict: UNFIT });
    }
    if (content._tag === "Whole") {
      this.#out.push(content.octets);
      return this.#apply({ _tag: "ContentSent" });
    }
    this.#flush();
    const sink = {
      write: (octets: Uint8Array) => link.write(octets),
      drained: () => link.drained(),
      flushed: () => link.flushed(),
      progress: () => this.#rearm(),
      over: () => this.#state._tag === "Closed",
    };
    pour(content, sink).then(
      (how) => {
        if (how === "sent") this.#external({ _tag: "ContentSent" });
        else if (how === "unfit") this.#giveUp(UNFIT);
      },
      (fault) => this.#giveUp(unreadable(fault)),
    );
  }

  /** No end mark was written, and none may look as if it was: the link is cut, not closed in good order. */
  #giveUp(verdict: Verdict): void {
    this.#link?.destroy();
    this.#external({ _tag: "ContentFailed", verdict });
  }

  #rearm(): void {
    const patience = this.#patience[waiting(this.#state)];
    this.deadline = performance.now() +
      (finding(this.#state) ? Math.min(patience, FIND_MS) : patience);
  }

  /** Called by `open`: makes the handshake when the machine asks for it. */
  onHandshake(run: (link: Link, tls: TlsRequest) => void): void {
    this.#handshake = () => {
      // the handshake has its own time-out
      this.#watch.remove(this);
      if (this.#link !== null) run(this.#link, this.#tls);
    };
  }

  secured(verified: boolean): void {
    this.#watch.add(this);
    this.#external({ _tag: "TlsUp", verified });
  }
}

const utf8 = new TextEncoder();

const inOne = (parts: ReadonlyArray<Uint8Array | string>): Uint8Array =>
  joined(parts.map((p) => typeof p === "string" ? utf8.encode(p) : p));

const doubtful = (before: State, after: State, verdicts: ReadonlyArray<Verdict>): boolean =>
  after._tag === "Closed" && before._tag === "Transaction" && before.phase._tag === "Final" &&
  verdicts.some((v) => !v.remote);

/** A host that throws away what comes behind the content never answers it. */
const FIND_MS = 30_000;
const finding = (state: State): boolean =>
  state._tag === "Transaction" && state.ahead === "try" && state.phase._tag === "Mail";

const usable = (state: State): boolean => state._tag !== "Closed" && state._tag !== "Quitting";

const tlsFromTheStart = (peer: Peer): Session["tls"] =>
  !peer.implicitTls ? "clear" : peer.tls.verify ? "verified" : "unverified";

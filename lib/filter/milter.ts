/**
 * One message through a milter: negotiation, macros, connect to end of message, as Sendmail and Postfix do it.
 *
 * The body is sent chunk by chunk as it is read again from the staging.
 */
import { isIPv6 } from "node:net";
import { Effect } from "effect";
import { printMailbox } from "../address/mailbox.ts";
import { rawValue } from "../message/header.ts";
import {
  type FilteredMessage,
  FilterFault,
  type FilterResult,
  type FilterVerdict,
  type HeaderEdit,
} from "../ports/filters.ts";
import { Channel, type Place } from "./channel.ts";
import {
  ACTIONS,
  BODY_CHUNK,
  costOf,
  negotiated,
  negotiation,
  OFFERED_STEPS,
  packet,
  PacketFault,
  said,
  STEP,
  strings,
} from "./packets.ts";

const MAX_EDITS = 1000;
/** Octets of all of them, and of everything else that is asked for at the end, the new body aside. */
const MAX_EDIT_OCTETS = 1_048_576;
/** Packets that say that it goes on working. Once a second is usual. */
const MAX_PROGRESS = 10_000;

/** A body as large as ours may be comes in pieces, whose cost is no reason to refuse it. */
const BODY_ROOM = 65_536;

/** What a filter made of the message so far. */
interface Made {
  verdict: FilterVerdict | null;
  readonly edits: Array<HeaderEdit>;
  readonly addRecipients: Array<string>;
  readonly dropRecipients: Array<string>;
  returnPath: string | undefined;
  body: Array<Uint8Array> | undefined;
  /** Of the body, with what its pieces take beside their octets. */
  bodyCost: number;
  quarantine: string | null;
}

/** `maxBytes`: of a body that takes the place of ours. */
export const askMilter = (
  place: Place,
  maxBytes: number,
) =>
(m: FilteredMessage): Effect.Effect<FilterResult, FilterFault> =>
  Effect.flatMap(Effect.context<never>(), (context) =>
    Effect.tryPromise({
      try: async (signal) => {
        const channel = await Channel.open(place, signal);
        signal.addEventListener("abort", () => channel.destroy(), { once: true });
        try {
          const read = Effect.runPromiseWith(context);
          const talk = new Talk(channel, m, maxBytes, (see) =>
            m.body === null ? Promise.resolve() : read(m.body.eachInTurn(see)));
          const made = await talk.run();
          channel.close(packet("Q"));
          return made;
        } catch (e) {
          channel.destroy();
          throw e;
        }
      },
      catch: (e) =>
        new FilterFault({ problem: e instanceof Error ? e.message : String(e) }),
    }));

class Talk {
  readonly #channel: Channel;
  readonly #m: FilteredMessage;
  readonly #maxBytes: number;
  readonly #body: (see: (chunk: Uint8Array) => Promise<void>) => Promise<void>;
  #steps = 0;
  #progress = 0;
  readonly #made: Made = {
    verdict: null,
    edits: [],
    addRecipients: [],
    dropRecipients: [],
    returnPath: undefined,
    body: undefined,
    bodyCost: 0,
    quarantine: null,
  };

  constructor(
    channel: Channel,
    m: FilteredMessage,
    maxBytes: number,
    body: (see: (chunk: Uint8Array) => Promise<void>) => Promise<void>,
  ) {
    this.#channel = channel;
    this.#m = m;
    this.#maxBytes = maxBytes;
    this.#body = body;
  }

  async run(): Promise<FilterResult> {
    await this.#channel.send(negotiation(ACTIONS, OFFERED_STEPS));
    this.#steps = negotiated(await this.#channel.next());
    await this.#envelope() && await this.#header() && await this.#text() && await this.#end();
    return resultOf(this.#made);
  }

  #without(step: number): boolean {
    return (this.#steps & step) !== 0;
  }

  /** A step with its macros; false once the filter wants no more of the message. */
  async #step(
    letter: string,
    data: Uint8Array,
    leftOut: number,
    silent: number,
    macros: Readonly<Record<string, string>> = {},
  ): Promise<boolean> {
    if (this.#without(leftOut)) return true;
    const names = Object.entries(macros).flat();
    if (names.length > 0) await this.#channel.send(packet("D", concat(letter, strings(...names))));
    await this.#channel.send(packet(letter, data));
    return this.#without(silent) || await this.#answer() !== "over";
  }

  async #answer(): Promise<"on" | "skip" | "over"> {
    for (;;) {
      const s = said(await this.#channel.next());
      switch (s._tag) {
        case "Progress":
          this.#goesOn();
          continue;
        case "Continue":
          return "on";
        case "Skip":
          return "skip";
        case "Final":
          this.#made.verdict = s.verdict;
          return "over";
        default:
          throw new PacketFault("changes before the end of the message");
      }
    }
  }

  async #envelope(): Promise<boolean> {
    const { session, hostname, id, account, envelope } = this.#m;
    const { clientAddress: ip, clientPort } = session;
    const family = ip.includes(":") || isIPv6(ip) ? "6" : "4";
    const connect = concat(
      strings(`[${ip}]`),
      Uint8Array.of(family.charCodeAt(0), clientPort >> 8, clientPort & 0xff),
      strings(ip),
    );
    const tls: Record<string, string> = session.tls === null
      ? {}
      : { "{tls_version}": session.tls.version, "{cipher}": session.tls.cipher };
    if (
      !await this.#step("C", connect, STEP.noConnect, STEP.silentConnect, {
        j: hostname,
        "{daemon_name}": session.listener,
        "{client_addr}": ip,
        v: "Postern",
      }) ||
      !await this.#step("H", strings(session.helo), STEP.noHelo, STEP.silentHelo, tls)
    ) return false;
    const from = envelope.returnPath === null ? "" : printMailbox(envelope.returnPath);
    const args = envelope.body === "8BITMIME" ? ["BODY=8BITMIME"] : [];
    if (
      !await this.#step("M", utf8(`<${from}>`, ...args), STEP.noMail, STEP.silentMail, {
        i: id,
        "{auth_authen}": account,
        "{auth_type}": "SASL",
        "{mail_addr}": from,
      })
    ) return false;
    for (const { mailbox } of envelope.recipients) {
      const to = printMailbox(mailbox);
      // one recipient less is nothing we could still tell the client: it counts for the message
      if (
        !await this.#step("R", utf8(`<${to}>`), STEP.noRcpt, STEP.silentRcpt, { "{rcpt_addr}": to })
      ) return false;
    }
    return await this.#step("T", new Uint8Array(0), STEP.noData, STEP.silentData, { i: id });
  }

  async #header(): Promise<boolean> {
    for (const f of this.#m.fields) {
      const value = rawValue(f).replaceAll("\r\n", "\n");
      const text = this.#without(STEP.leadingBlank) ? value : value.replace(/^ /, "");
      if (!await this.#step("L", strings(f.name, text), STEP.noHeaders, STEP.silentHeader)) {
        return false;
      }
    }
    return await this.#step("N", new Uint8Array(0), STEP.noEoh, STEP.silentEoh);
  }

  async #text(): Promise<boolean> {
    if (this.#without(STEP.noBody)) return true;
    let going: "on" | "skip" | "over" = "on";
    await this.#body(async (chunk) => {
      for (let at = 0; at < chunk.length && going === "on"; at += BODY_CHUNK) {
        await this.#channel.send(packet("B", chunk.subarray(at, at + BODY_CHUNK)));
        if (!this.#without(STEP.silentBody)) going = await this.#answer();
      }
    });
    return going !== ("over" as typeof going);
  }

  async #end(): Promise<void> {
    await this.#channel.send(packet("D", concat("E", strings("i", this.#m.id))));
    await this.#channel.send(packet("E"));
    const made = this.#made;
    for (let changes = 0, octets = 0;;) {
      const p = await this.#channel.next();
      const s = said(p);
      switch (s._tag) {
        case "Progress":
          this.#goesOn();
          continue;
        case "Continue":
        case "Skip":
          made.verdict ??= { _tag: "Pass" };
          return;
        case "Final":
          made.verdict = s.verdict;
          return;
        case "Edit":
          made.edits.push(this.#blank(s.edit));
          break;
        case "AddRecipient":
          made.addRecipients.push(s.address);
          break;
        case "DropRecipient":
          made.dropRecipients.push(s.address);
          break;
        case "ReturnPath":
          made.returnPath = s.address;
          break;
        case "Quarantine":
          made.quarantine = s.reason;
          break;
        case "Body":
          made.body ??= [];
          made.bodyCost += costOf(s.chunk);
          if (s.chunk.length > 0) made.body.push(s.chunk);
          if (made.bodyCost > this.#maxBytes + BODY_ROOM) {
            throw new PacketFault("a new body that is too large");
          }
          continue;
      }
      octets += p.data.length;
      if (++changes > MAX_EDITS) throw new PacketFault(`more than ${MAX_EDITS} changes`);
      if (octets > MAX_EDIT_OCTETS) {
        throw new PacketFault(`changes of more than ${MAX_EDIT_OCTETS} octets`);
      }
    }
  }

  /** It works on; the deadline of the filter bounds for how long, this for how many words. */
  #goesOn(): void {
    if (++this.#progress > MAX_PROGRESS) throw new PacketFault("progress without end");
  }

  /** A value comes with its leading blank where that was agreed on. */
  #blank(edit: HeaderEdit): HeaderEdit {
    if (edit._tag === "Drop" || edit.value === null || !this.#without(STEP.leadingBlank)) {
      return edit;
    }
    return { ...edit, value: edit.value.replace(/^ /, "") };
  }
}

const concat = (...parts: ReadonlyArray<string | Uint8Array>): Uint8Array => {
  const all = parts.map((p) => typeof p === "string" ? Uint8Array.of(p.charCodeAt(0)) : p);
  const out = new Uint8Array(all.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of all) {
    out.set(p, at);
    at += p.length;
  }
  return out;
};

/** Addresses may be UTF-8. RFC 6531 §3.2 */
const utf8 = (...all: ReadonlyArray<string>): Uint8Array =>
  new TextEncoder().encode(all.map((s) => `${s.replaceAll("\0", "")}\0`).join(""));

const resultOf = (made: Made): FilterResult => {
  const asked = made.verdict ?? { _tag: "Pass" as const };
  const verdict: FilterVerdict = asked._tag === "Pass" && made.quarantine !== null
    ? { _tag: "Hold", reason: made.quarantine === "" ? "put aside by a filter" : made.quarantine }
    : asked;
  return {
    verdict,
    edits: made.edits,
    addRecipients: made.addRecipients,
    dropRecipients: made.dropRecipients,
    ...(made.returnPath === undefined ? {} : { returnPath: made.returnPath }),
    ...(made.body === undefined ? {} : { body: made.body }),
    facts: {},
  };
};

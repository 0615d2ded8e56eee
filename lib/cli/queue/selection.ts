/** Flags that select messages of the queue. */
import { Effect, Option } from "effect";
import { Flag } from "effect/cli";
import { parseDomainName } from "../../address/domain.ts";
import type { Selection } from "../../ports/spool_admin.ts";
import { type Failure, misused } from "../../app/failure.ts";

const text = (name: string, what: string) =>
  Flag.String(name).pipe(Flag.optional, Flag.withDescription(what));

export const selectionFlags = {
  sender: text("sender", 'By return path; "*" matches anything, "<>" is the null path'),
  account: text("account", "By the account that submitted it"),
  recipient: text("recipient", 'By recipient address; "*" stands for anything'),
  domain: text("domain", 'By domain of the recipient; "*.example.net" is what lies below it'),
  hop: text("hop", 'By next hop as `queue list` shows it; "*" stands for anything'),
  older: text("older", "Accepted longer ago than this: 30m, 4h, 2d"),
  newer: text("newer", "Accepted since: 30m, 4h, 2d"),
};

type Texts = { readonly [K in keyof typeof selectionFlags]: Option.Option<string> };

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds; null where it is no time. */
export const spanOf = (text: string): number | null => {
  const m = /^(\d{1,6})([smhd])$/.exec(text);
  return m === null ? null : Number(m[1]) * UNITS[m[2] as keyof typeof UNITS];
};

/** Both forms of an internationalised name are looked for; null where it is none. */
const domainsOf = (text: string): ReadonlyArray<string> | null => {
  if (/^\[[^\]]+\]$/.test(text)) return [text];
  const wild = text.startsWith("*.") ? "*." : "";
  const name = parseDomainName(text.slice(wild.length));
  return name === null ? null : [...new Set([name.ascii, name.text])].map((d) => wild + d);
};

/** The selection that the flags make together. */
export const selecting = (a: Texts, now: number): Effect.Effect<Selection, Failure> =>
  Effect.gen(function* () {
    const plain = (key: "account" | "recipient" | "hop"): Partial<Selection> =>
      Option.match(a[key], { onNone: () => ({}), onSome: (value) => ({ [key]: value }) });
    const out: { -readonly [K in keyof Selection]: Selection[K] } = {
      ...plain("account"),
      ...plain("recipient"),
      ...plain("hop"),
    };
    if (Option.isSome(a.sender)) out.sender = a.sender.value === "<>" ? "" : a.sender.value;
    if (Option.isSome(a.domain)) {
      const domains = domainsOf(a.domain.value);
      if (domains === null) {
        return yield* misused('--domain must be a name such as "example.net" or "*.example.net"');
      }
      out.domain = domains;
    }
    for (const [flag, key] of [["older", "before"], ["newer", "after"]] as const) {
      const given = a[flag];
      if (Option.isNone(given)) continue;
      const span = spanOf(given.value);
      if (span === null) return yield* misused(`--${flag} must be a time such as 30m, 4h or 2d`);
      out[key] = now - span;
    }
    return out;
  });

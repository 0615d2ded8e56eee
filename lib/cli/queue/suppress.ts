/** `postern suppress`: addresses to which no mail is accepted for a while. */
import { Clock, Effect } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { printMailboxAscii } from "../../address/mailbox.ts";
import { parseMailbox } from "../../address/path.ts";
import { SpoolAdmin } from "../../ports/spool_admin.ts";
import { failed, misused } from "../../app/failure.ts";
import { onSpool } from "../on_spool.ts";
import { clean, iso, localTime } from "./view.ts";
import { json } from "../root.ts";
import { print, printJson } from "../terminal.ts";

const DAY = 86_400_000;

const address = Argument.String("address").pipe(Argument.withDescription("The recipient's"));

/** As RCPT compares it. */
const addressOf = Effect.fnUntraced(function* (text: string) {
  const mailbox = parseMailbox(text);
  if (mailbox === null) return yield* misused(`${text} is no address`);
  return printMailboxAscii(mailbox);
});

const list = Command.make("list", { json }, (a) =>
  onSpool(() =>
    Effect.gen(function* () {
      const all = yield* Effect.flatMap(SpoolAdmin, (s) => s.suppressions);
      if (a.json) {
        return yield* printJson(
          all.map((s) => ({ ...s, since: iso(s.since), until: iso(s.until) })),
        );
      }
      yield* all.length === 0 ? print("no address is suppressed") : print(
        ...all.map((s) => `${clean(s.address)}  until ${localTime(s.until)}: ${clean(s.reason)}`),
      );
    })
  )).pipe(Command.withDescription("List them, with the replies of their hosts"));

const add = Command.make(
  "add",
  {
    address,
    days: Flag.Int("days").pipe(Flag.withDefault(30), Flag.withDescription("For how long")),
    reason: Flag.String("reason").pipe(
      Flag.withDefault("by the operator"),
      Flag.withDescription("What `suppress list` says"),
    ),
  },
  (a) =>
    onSpool(() =>
      Effect.gen(function* () {
        if (a.days < 1 || a.days > 3650) {
          return yield* misused("suppress add: --days must be from 1 to 3650");
        }
        const since = yield* Clock.currentTimeMillis;
        const to = yield* addressOf(a.address);
        const until = since + a.days * DAY;
        yield* SpoolAdmin.use((s) => s.suppress({ address: to, since, until, reason: a.reason }));
        yield* print(`${to} gets no mail until ${localTime(until)}`);
      })
    ),
).pipe(Command.withDescription("Accept no mail for an address"));

const remove = Command.make("remove", { address }, (a) =>
  onSpool(() =>
    Effect.gen(function* () {
      const to = yield* addressOf(a.address);
      const was = yield* SpoolAdmin.use((s) => s.unsuppress(to));
      if (!was) return yield* failed(`${to} is not suppressed`);
      yield* print(`${to} gets mail again`);
    })
  )).pipe(Command.withDescription("Accept mail for an address again"));

export const suppressCommand = Command.make("suppress").pipe(
  Command.withDescription("Addresses that failed for good and get no mail for a while"),
  Command.withSubcommands([list, add, remove]),
);

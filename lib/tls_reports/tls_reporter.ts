/**
 * Collects results of TLS, and sends each domain a daily report if it asks for one. RFC 8460 §5
 *
 * Reports by mail go through the spool; those by HTTPS are tried again for a day. Results are stored in a file, so
 * that a restart loses none, and a kill those of a few seconds.
 */
import { Clock, Effect, Layer, Random } from "effect";
import { gzipSync } from "node:zlib";
import { type Mailbox, printMailboxAscii } from "../address/mailbox.ts";
import { parseMailbox } from "../address/path.ts";
import { Ids } from "../ports/ids.ts";
import { Resolver } from "../ports/resolver.ts";
import { hopKey, OWN_MAIL, Routes } from "../ports/routes.ts";
import { Spool } from "../ports/spool.ts";
import { TlsNotes } from "../ports/tls_notes.ts";
import { KeptFile } from "../files/kept_file.ts";
import { signReport } from "../notices/sign_report.ts";
import { reportMail } from "./tls_report_mail.ts";
import { DAY, Notebook } from "./tls_notebook.ts";
import { type ReportFacts, reportJson, reportPlaces, type Tallied } from "./tls_tally.ts";

export interface ReporterSettings {
  readonly hostname: string;
  readonly contact: string;
  /** Where notes are kept over restarts; null: nowhere. */
  readonly path: string | null;
  /** Posts gzipped JSON; true where it was taken. */
  readonly post: (url: string, gzipped: Uint8Array) => Promise<boolean>;
}

type Needs = Spool | Routes | Ids | Resolver;

/** Reports leave within this time after midnight, so that not all of the world sends at once. RFC 8460 §4.1 */
const SPREAD = 4 * 3_600_000;
const RETRY = "1 hour";
const TRIES = 24;
/** How often notes are written down, and a look is taken at the clock. */
const EVERY = "10 seconds";

export const reporterLayer = (
  settings: ReporterSettings,
): Layer.Layer<never, never, Needs> =>
  Layer.effect(
    TlsNotes,
    Effect.gen(function* () {
      const file = settings.path === null ? null : new KeptFile(settings.path);
      const kept = yield* Effect.promise(async () => await file?.read() ?? null);
      const book = new Notebook(kept, yield* Clock.currentTimeMillis);
      const save = Effect.sync(() => {
        const text = book.write();
        if (text !== null) file?.write(text);
      });
      yield* Effect.addFinalizer(() =>
        Effect.andThen(save, Effect.promise(async () => await file?.idle()))
      );
      const begun = new Set<number>();
      yield* Effect.forkScoped(Effect.forever(Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis;
        for (const day of book.over(now)) {
          if (begun.has(day)) continue;
          begun.add(day);
          yield* Effect.forkScoped(reportDay(settings, book, day));
        }
        yield* save;
        yield* Effect.sleep(EVERY);
      })));
      const clock = yield* Clock.Clock;
      return (note) => book.add(note, clock.currentTimeMillisUnsafe());
    }),
  );

/** Some time after midnight; what a restart left is told at once. */
const reportDay = Effect.fnUntraced(function* (
  settings: ReporterSettings,
  book: Notebook,
  day: number,
) {
  const left = day + DAY + SPREAD - (yield* Clock.currentTimeMillis);
  yield* Effect.sleep(Math.floor((yield* Random.next) * Math.max(0, left)));
  yield* reportAll(settings, book.of(day), day, (domain) => book.told(day, domain));
});

/** `day`: its first millisecond. `told`: a domain was told, or all was tried. */
export const reportAll = (
  settings: ReporterSettings,
  notes: ReadonlyMap<string, Tallied>,
  day: number,
  told: (domain: string) => void = () => {},
): Effect.Effect<void, never, Needs> =>
  Effect.forEach(
    [...notes],
    ([domain, tallied]) =>
      Effect.andThen(report(settings, domain, tallied, day), Effect.sync(() => told(domain))),
    { discard: true, concurrency: 4 },
  );

const report = Effect.fnUntraced(function* (
  settings: ReporterSettings,
  domain: string,
  tallied: Tallied,
  day: number,
) {
  const answer = yield* (yield* Resolver).lookup(`_smtp._tls.${domain}`, "TXT");
  const places = answer._tag === "Found" ? reportPlaces(answer.records.map((r) => r.join(""))) : [];
  if (places.length === 0) return;
  const id = (yield* Ids).messageIdLeft().replace(/[^0-9A-Za-z]/g, "");
  const facts: ReportFacts = {
    domain,
    organization: settings.hostname,
    contact: settings.contact,
    id,
    from: day,
    to: day + DAY - 1000,
  };
  const gzipped = new Uint8Array(gzipSync(reportJson(facts, tallied)));
  // one place that takes it will do; they are tried in their order. RFC 8460 §5
  for (const place of places) if (yield* deliver(settings, facts, place, gzipped)) return;
  yield* Effect.logWarning("A TLS report could not be delivered", { domain, places });
});

const deliver = (
  settings: ReporterSettings,
  facts: ReportFacts,
  place: string,
  gzipped: Uint8Array,
): Effect.Effect<boolean, never, Needs> =>
  /^https:/i.test(place)
    ? post(settings, place, gzipped)
    : Effect.matchEffect(mail(settings, facts, place, gzipped), {
      onSuccess: Effect.succeed,
      onFailure: (fault) =>
        Effect.as(Effect.logError("A TLS report is not kept", { fault: fault._tag }), false),
    });

const post = Effect.fnUntraced(
  function* (settings: ReporterSettings, url: string, gzipped: Uint8Array) {
    for (let n = 0; n < TRIES; n++) {
      if (n > 0) yield* Effect.sleep(RETRY);
      if (yield* Effect.promise(() => settings.post(url, gzipped))) return true;
    }
    return false;
  },
);

const mailboxOf = (uri: string): Mailbox | null => {
  try {
    return parseMailbox(decodeURIComponent(uri.slice("mailto:".length).split("?")[0] ?? ""));
  } catch {
    return null;
  }
};

const mail = Effect.fnUntraced(function* (
  settings: ReporterSettings,
  facts: ReportFacts,
  uri: string,
  gzipped: Uint8Array,
) {
  const mailbox = mailboxOf(uri);
  if (mailbox === null) return false;
  const about = { ...OWN_MAIL, size: gzipped.length };
  const route = yield* (yield* Routes).find(mailbox, about);
  if (route === null) return false;
  const now = yield* Clock.currentTimeMillis;
  const address = printMailboxAscii(mailbox);
  const made = reportMail(facts, settings.hostname, address, gzipped, now);
  const head = yield* signReport(made.head, made.body, settings.hostname, now);
  const spool = yield* Spool;
  const body = spool.stage();
  yield* Effect.tapError(
    Effect.andThen(
      body.write(made.body),
      spool.commit({
        id: (yield* Ids).queueId(),
        acceptedAt: now,
        account: null,
        session: null,
        envelope: {
          returnPath: null,
          recipients: [{ mailbox, notify: "NEVER" }],
          body: "7BIT",
          smtpUtf8: false,
          declaredSize: head.length + made.body.length,
          tlsOptional: true,
        },
        recipients: [{ address, hop: hopKey(route.hop) }],
        head,
        body,
        eightBit: false,
        trail: "[]",
      }),
    ),
    () => Effect.sync(() => body.discard()),
  );
  return true;
});

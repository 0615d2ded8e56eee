/**
 * What the six stages cost, in µs for a message: `deno run bench/stages.ts`.
 *
 * The header is that of a 2 KB message as a mail program writes it; services answer from memory, so that this
 * is the cost of the stages alone. Shown are the best and the median of many short rounds, since machines are
 * noisy and the first rounds run code that is not compiled yet.
 */
import { Context, Effect, Layer } from "effect";
import { formatDate } from "../lib/message/date.ts";
import { parseHeader } from "../lib/message/header.ts";
import { parseFields } from "../lib/message/parse.ts";
import { addSender } from "../lib/stages/add_sender.ts";
import { authenticate } from "../lib/stages/authenticate.ts";
import { enforceRights } from "../lib/stages/enforce_rights.ts";
import { fixHeaders } from "../lib/stages/fix_headers.ts";
import { parse } from "../lib/stages/parse.ts";
import { pipeline, type PipelineServices } from "../lib/stages/pipeline.ts";
import { resolveMta } from "../lib/stages/resolve_mta.ts";
import { standardLimits } from "../policies/limits.ts";
import { head, received, world } from "../test/support/submissions.ts";

const ROUNDS = 60;
const MESSAGES = 500;

const services: Context.Context<PipelineServices> = await Effect.runPromise(
  Effect.scoped(Layer.build(world())),
);
const run = Effect.runSyncWith(services);

const TYPICAL = head(
  "Date: Tue, 24 Nov 2026 06:25:50 +0100",
  'From: "Alice Smith" <alice@example.net>',
  "To: Bob Example <bob@example.org>, Carol <carol@example.com>,",
  " dave@example.edu",
  "Cc: Team <team@example.net>",
  "Subject: =?utf-8?Q?Minutes_of_the_meeting_of_last_Tuesday?= and what follows",
  "Message-ID: <5f0e1d2c-3b4a-4958-8677-9a8b7c6d5e4f@example.net>",
  "In-Reply-To: <CAHk-7x=abcdefghijklmnop@mail.example.org>",
  "References: <CAHk-7x=abcdefghijklmnop@mail.example.org>",
  " <CAHk-7x=qrstuvwxyz012345@mail.example.org>",
  "User-Agent: Mozilla Thunderbird",
  "MIME-Version: 1.0",
  "Content-Type: text/plain; charset=UTF-8; format=flowed",
  "Content-Transfer-Encoding: 8bit",
  "Content-Language: en-GB",
);

const BARE = head("From: alice@example.net", "To: bob@example.org", "Subject: hello");

/** µs of one call in each round, ascending. */
const rounds = (work: () => unknown): ReadonlyArray<number> => {
  const out: Array<number> = [];
  for (let r = 0; r < ROUNDS; r++) {
    const from = performance.now();
    for (let i = 0; i < MESSAGES; i++) work();
    out.push((performance.now() - from) * 1000 / MESSAGES);
  }
  return out.sort((a, b) => a - b);
};

const show = (name: string, work: () => unknown): void => {
  const all = rounds(work);
  const figures = [all[0], all[ROUNDS >> 1]].map((us) => (us ?? 0).toFixed(2).padStart(8));
  // deno-lint-ignore no-console
  console.log(`${name.padEnd(34)}${figures.join("")}  µs best, median`);
};

const typical = received({ head: TYPICAL });
const bare = received({ head: BARE });
const parsed = run(parse(typical));
const authenticated = run(authenticate(parsed));
const authorized = run(enforceRights(authenticated));
const completed = run(fixHeaders(authorized));
const attributed = run(addSender(completed));
const header = parseHeader(TYPICAL, standardLimits, false);

show("pipeline, typical header", () => run(pipeline(typical)).leaving);
show("pipeline, three fields, repairs", () => run(pipeline(bare)).leaving);
show("  an Effect that does nothing", () => run(Effect.void));
show("  parse", () => run(parse(typical)));
show("    parseHeader", () => parseHeader(TYPICAL, standardLimits, false));
if ("fields" in header) {
  show("    parseFields", () => parseFields(header, standardLimits, "msa.example.net"));
}
show("  authenticate", () => run(authenticate(parsed)));
show("  enforce_rights", () => run(enforceRights(authenticated)));
show("  fix_headers", () => run(fixHeaders(authorized)));
show("    formatDate", () => formatDate(Date.now(), 60));
show("  add_sender", () => run(addSender(completed)));
show("  resolve_mta", () => run(resolveMta(attributed)));

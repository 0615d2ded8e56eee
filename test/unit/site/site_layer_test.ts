import assert from "node:assert/strict";
import { join } from "node:path";
import { Duration, Effect, Layer, Logger } from "effect";
import { readDecision } from "../../../lib/ports/site_decision.ts";
import { SitePolicy } from "../../../lib/ports/site_policy.ts";
import { PolicyFileFault } from "../../../lib/site/file_fault.ts";
import { siteLayer } from "../../../lib/site/site_layer.ts";
import { submission } from "../../../policies/site.ts";
import { temporaryDirectory } from "../../support/temporary_directory.ts";

const TYPED = `import type { SitePolicyFunction } from "@postern/postern/policy";
const policy: SitePolicyFunction = (s) =>
  s.recipients.length > 2
    ? { verdict: "refuse", as: "recipients", text: "At most two" }
    : { verdict: "pass", notes: { to: s.recipients.length } };
export default policy;
`;

const silent = Logger.layer([]);

/** Runs `work` with the policy in `text`, or fails with what is wrong with it. */
const withPolicy = <A>(
  text: string,
  work: (policy: NonNullable<typeof SitePolicy.Service>, file: string) => Effect.Effect<A, unknown>,
  o: { readonly limitMs?: number; readonly everyMs?: number; readonly log?: Array<string> } = {},
): Promise<A> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const file = join(yield* temporaryDirectory, "site.ts");
    yield* Effect.promise(() => Deno.writeTextFile(file, text));
    const { log, everyMs, limitMs = 2000 } = o;
    const layer = siteLayer({
      file,
      limitMs,
      onFault: "refuse",
      every: everyMs === undefined ? null : Duration.millis(everyMs),
    });
    const logging = log === undefined
      ? silent
      : Logger.layer([Logger.make(({ message }) => void log.push(JSON.stringify(message)))]);
    return yield* Effect.flatMap(
      SitePolicy,
      (p) => p === null ? Effect.die("no policy") : work(p, file),
    ).pipe(Effect.provide(Layer.provideMerge(layer, logging)));
  })));

const unusable = async (text: string): Promise<PolicyFileFault> => {
  try {
    await withPolicy(text, () => Effect.void);
  } catch (e) {
    if (e instanceof PolicyFileFault) return e;
    throw e;
  }
  throw new Error("it was taken");
};

Deno.test("siteLayer: a policy judges what it is given, with its types checked", async () => {
  const answers = await withPolicy(TYPED, (p) =>
    Effect.all([
      p.decide(submission()),
      p.decide(submission({ recipients: ["a@b.example", "c@b.example", "d@b.example"] })),
    ]));
  assert.deepEqual(answers, [
    { verdict: "pass", notes: { to: 1 } },
    { verdict: "refuse", as: "recipients", text: "At most two" },
  ]);
});

Deno.test("siteLayer: a type error is told with line and column", async () => {
  const fault = await unusable(TYPED.replace('as: "recipients"', 'as: "nonsense"'));
  assert.match(fault.message, /site\.ts:\d+:\d+: TS\d+: .*"nonsense"/);
});

for (
  const [what, text, said] of [
    ["does not parse", "export default (s) => {\n  if (;\n};\n", /site\.ts:2:/],
    ["throws as it loads", "\nthrow new Error('not today');\n", /not today/],
    ["exports no function", "export const policy = 1;\n", /no default export that is a function/],
  ] as const
) {
  Deno.test(`siteLayer: a file that ${what} is not taken`, async () => {
    assert.match((await unusable(text)).message, said);
  });
}

Deno.test("siteLayer: a file that is not there is told so", async () => {
  const layer = siteLayer({ file: "/no/such.ts", limitMs: 1000, onFault: "refuse", every: null });
  const exit = await Effect.runPromiseExit(
    Effect.provide(Effect.void, Layer.provideMerge(layer, silent)),
  );
  assert.match(JSON.stringify(exit), /such\.ts/);
});

// types apart: these use what a policy may not have
for (
  const [what, code] of [
    ["files", 'Deno.readTextFileSync("/etc/hostname")'],
    ["the environment", 'Deno.env.get("HOME")'],
    ["other programs", 'new Deno.Command("true").outputSync()'],
    ["the network", "Deno.listen({ port: 0 })"],
    [
      "more workers with rights",
      'new Worker("data:text/javascript,", { type: "module", deno: { permissions: { read: true } } })',
    ],
  ] as const
) {
  Deno.test(`siteLayer: a policy has no access to ${what}`, async () => {
    const problem = await withPolicy(
      `export default () => { ${code}; return undefined; };`,
      (p) => Effect.flip(p.decide(submission())),
    );
    assert.match(problem.message, /access|permission/i);
  });
}

Deno.test("siteLayer: what throws, or is no decision, is a fault and the next message is judged", async () => {
  const seen = await withPolicy(
    `export default (s: { recipients: ReadonlyArray<string> }) => {
  const to = s.recipients[0];
  if (to === "throw@example.org") throw new Error("oops");
  if (to === "number@example.org") return 7;
  if (to === "promise@example.org") return Promise.resolve(undefined);
  return undefined;
};`,
    (p) =>
      Effect.forEach(
        ["throw", "number", "promise", "bob"],
        (name) =>
          p.decide(submission({ recipients: [`${name}@example.org`] })).pipe(
            Effect.match({ onSuccess: (d) => d.verdict, onFailure: (e) => e.message }),
          ),
      ),
  );
  assert.match(seen[0]!, /line 3: Error: oops/);
  assert.match(seen[1]!, /answered a number, not a decision/);
  assert.match(seen[2]!, /could not be cloned/);
  assert.equal(seen[3], "pass");
});

Deno.test("siteLayer: a decision that never ends is cut off, and what waits behind it is judged", async () => {
  const loop = `export default (s: { recipients: ReadonlyArray<string> }) => {
  if (s.recipients[0] === "loop@example.org") for (;;);
  return undefined;
};`;
  const started = Date.now();
  const [late, next] = await withPolicy(loop, (p) =>
    Effect.all([
      Effect.flip(p.decide(submission({ recipients: ["loop@example.org"] }))),
      p.decide(submission()),
    ], { concurrency: "unbounded" }), { limitMs: 300 });
  assert.match(late.message, /took more than 300 ms/);
  assert.equal(next.verdict, "pass");
  assert.ok(Date.now() - started < 20_000);
});

Deno.test("siteLayer: a changed file is taken while it is in use; a broken one leaves the old one", async () => {
  const log: Array<string> = [];
  const note = (n: string) => `export default () => ({ verdict: "pass", notes: { n: "${n}" } });\n`;
  const until = (p: NonNullable<typeof SitePolicy.Service>, want: string) =>
    Effect.gen(function* () {
      for (;;) {
        const d = yield* p.decide(submission());
        if (d.notes?.["n"] === want) return;
        yield* Effect.sleep("20 millis");
      }
    }).pipe(Effect.timeout("30 seconds"));
  await withPolicy(note("one"), (p, file) =>
    Effect.gen(function* () {
      yield* until(p, "one");
      yield* Effect.promise(() => Deno.writeTextFile(file, note("second")));
      yield* until(p, "second");
      yield* Effect.promise(() => Deno.writeTextFile(file, "export default (s => ;\n"));
      for (let i = 0; i < 300 && !log.some((l) => l.includes("old one stays")); i++) {
        yield* Effect.sleep("50 millis");
      }
      yield* until(p, "second");
    }), { everyMs: 30, log });
  assert.ok(log.some((l) => l.includes("new version of the site's policy in use")), log.join("\n"));
  assert.ok(log.some((l) => /old one stays.*site\.ts/.test(l)), log.join("\n"));
});

Deno.test("readDecision: takes the three verdicts and nothing else", () => {
  for (
    const [answer, want] of [
      [undefined, { verdict: "pass" }],
      [{ verdict: "hold", reason: "r", minutes: 5, then: "expire" }, {
        verdict: "hold",
        reason: "r",
        minutes: 5,
        then: "expire",
      }],
      [[], /a list/],
      [{ verdict: "no" }, /"verdict" must be/],
      [{ verdict: "refuse", as: "x", text: "t" }, /"as" must be one of rights/],
      [{ verdict: "refuse", as: "rights", text: "" }, /"text" must be/],
      [{ verdict: "hold" }, /"reason" must be/],
      [{ verdict: "hold", reason: "r", minutes: -1 }, /"minutes" must be/],
      [{ verdict: "hold", reason: "r", then: "never" }, /"then" must be/],
      [{ verdict: "pass", notes: { a: {} } }, /note "a" must be/],
    ] as const
  ) {
    const got = readDecision(answer);
    if (want instanceof RegExp) assert.match(String(got), want);
    else assert.deepEqual(got, want);
  }
});

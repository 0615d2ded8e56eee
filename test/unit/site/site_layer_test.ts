import assert from "node:assert/strict";
import { join } from "node:path";
import { Duration, Effect, Layer, Logger } from "effect";
import { readDecision } from "../../../lib/ports/site_decision.ts";
import { SitePolicy } from "../../../lib/ports/site_policy.ts";
import { PolicyFileFault } from "../../../lib/site/file_fault.ts";
import { readSaid } from "../../../lib/site/said.ts";
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
    assert.match(problem.message, /access|permission|Worker is not defined/i);
  });
}

/** What the policy says of itself, with a secret and modules beside it. */
const reaching = (code: string, file = "site.ts"): Promise<string> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const dir = yield* temporaryDirectory;
    const write = (name: string, text: string) =>
      Effect.promise(() => Deno.writeTextFile(join(dir, name), text));
    yield* write("key.pem", "SECRET");
    yield* write("secret.json", '{"a":"SECRET"}');
    yield* write("own.ts", 'export const own: string = "OWN";\n');
    yield* write(
      "through.ts",
      'import { own } from "./own.ts";\nexport { own } from "./own.ts";\nexport const twice = own + own;\n',
    );
    yield* write("circle.ts", 'import "./circle.ts";\n');
    yield* write(
      "deep.ts",
      'import k from "./key.pem" with { type: "text" };\nexport const own = k;\n',
    );
    yield* Effect.promise(() => Deno.symlink("/etc/hostname", join(dir, "link.ts")));
    yield* write(file, code.replaceAll("DIR", dir));
    const layer = siteLayer({
      file: join(dir, file),
      limitMs: 1000,
      onFault: "refuse",
      every: null,
    });
    return yield* Effect.flatMap(
      SitePolicy,
      (p) => p === null ? Effect.die("no policy") : p.decide(submission()),
    ).pipe(
      Effect.provide(Layer.provideMerge(layer, silent)),
      Effect.match({ onSuccess: (d) => JSON.stringify(d), onFailure: (e) => e.message }),
    );
  })));

const TEXT = 'with { type: "text" }';
const answering = (value: string) =>
  `export default (): { verdict: "pass"; notes: { x: string } } => ({ verdict: "pass", notes: { x: String(${value}) } });\n`;

// each begins a line where a statement does, so that what is refused is the import itself
for (
  const [how, code] of [
    ["statically, as text", `import k from "./key.pem" ${TEXT};\n${answering("k")}`],
    ["statically, by its path", `import k from "DIR/key.pem" ${TEXT};\n${answering("k")}`],
    [
      "statically, as bytes",
      `import k from "./key.pem" with { type: "bytes" };\n${answering("k")}`,
    ],
    [
      "statically, as JSON",
      `import k from "./secret.json" with { type: "json" };\n${answering("k")}`,
    ],
    ["statically, from above", `import k from "../DIR/own.ts";\n${answering("k")}`],
    ["as text, the type on another line", `import k from "./key.pem"\n${TEXT};\n${answering("k")}`],
    ["behind another statement", `0; import k from "DIR/key.pem" ${TEXT};\n${answering("k")}`],
    ["behind a comment", `/* */ import k from "DIR/key.pem" ${TEXT};\n${answering("k")}`],
    ["deferred", `import defer * as k from "DIR/own.ts";\n${answering("k")}`],
    ["in another module", `import { own } from "./deep.ts";\n${answering("own")}`],
    ["by a link", `import k from "./link.ts";\n${answering("k")}`],
    ["by a circle", `import "./circle.ts";\n${answering("1")}`],
    ["by export from", `export * from "DIR/own.ts";\n${answering("1")}`],
    [
      "by export from, in comments",
      `export/**/{ own }/**/from/**/"DIR/own.ts";\n${answering("1")}`,
    ],
    ["by export from, on two lines", `export { own }\n  from "npm:uqr@0.1.3";\n${answering("1")}`],
    ["by a default named type", `import type from "npm:uqr@0.1.3";\n${answering("1")}`],
    ["by import equals", `import k = require("DIR/own.ts");\n${answering("k")}`],
    [
      "from node",
      `import { readFileSync } from "node:fs";\n${answering('readFileSync("DIR/key.pem")')}`,
    ],
    ["from npm", `import * as q from "npm:uqr@0.1.3";\n${answering("q.encode")}`],
    ["from jsr", `import * as q from "jsr:@std/assert";\n${answering("q")}`],
    ["over http", `import * as q from "http://127.0.0.1:1/x.ts";\n${answering("q")}`],
    ["from data:", `import k from "data:text/javascript,export default 1";\n${answering("k")}`],
    [
      "dynamically",
      `const k = await import("DIR/key.pem", { with: { type: "text" } });\n${
        answering("k.default")
      }`,
    ],
    [
      "dynamically, by a spread",
      `const k = [...import("npm:uqr@0.1.3") as never];\n${answering("k")}`,
    ],
    [
      "dynamically, by an escape",
      `const k = await \\u0069mport("npm:uqr@0.1.3");\n${answering("k")}`,
    ],
    [
      "dynamically, by a long escape",
      `const k = await im\\u{070}ort("npm:uqr@0.1.3");\n${answering("k")}`,
    ],
    [
      "dynamically, in a template",
      "const k = `\n// ${await import('npm:uqr@0.1.3')}`;\n" + answering("k"),
    ],
    [
      "dynamically, behind a template",
      "const k = [`\n// `, await import('npm:uqr@0.1.3')];\n" + answering("k"),
    ],
    [
      "dynamically, behind a string",
      `const k = ["\\\n// ", await import('npm:uqr@0.1.3')];\n${answering("k")}`,
    ],
    [
      "dynamically, behind a comment",
      `/*\n// */ const k = await import('npm:uqr@0.1.3');\n${answering("k")}`,
    ],
    ["by import.meta", `${answering('import.meta.resolve("./x")')}`],
    ["by eval", answering(`eval('im' + 'port("DIR/key.pem")')`)],
    ["by Function", answering(`new Function('return im' + 'port("DIR/key.pem")')()`)],
    ["by a constructor", answering(`(() => 1).constructor('return im' + 'port("DIR/key.pem")')()`)],
    [
      "by an async constructor",
      answering(`(async () => {}).constructor('return im' + 'port("npm:uqr")')()`),
    ],
    ["by a timer", answering(`setTimeout('im' + 'port("DIR/key.pem")' as never, 0)`)],
    [
      "by a worker",
      answering(
        `new Worker(URL.createObjectURL(new Blob(['im' + 'port "npm:uqr"'])), { type: "module" })`,
      ),
    ],
    ["by require", answering(`(globalThis as any).require("node:fs").readFileSync("DIR/key.pem")`)],
    [
      "by a built-in module",
      answering(
        `(globalThis as any).process.getBuiltinModule("node:fs").readFileSync("DIR/key.pem")`,
      ),
    ],
    ["by fetch, at once", answering('fetch("file://DIR/key.pem")')],
    ["by Deno", answering('Deno.readTextFileSync("DIR/key.pem")')],
  ] as const
) {
  Deno.test(`siteLayer: a policy that imports ${how} is stopped`, async () => {
    const said = await reaching(`// @ts-nocheck\n${code}`);
    assert.doesNotMatch(said, /SECRET|OWN|^\{.*(encode|Module|function)/);
    if (!how.startsWith("by fetch")) assert.doesNotMatch(said, /"verdict"/);
  });
}

for (
  const [what, code, want] of [
    [
      "modules of its own",
      `import { twice } from "./through.ts";\n${answering("twice")}`,
      /OWNOWN/,
    ],
    [
      "the same twice",
      `import { own } from "./own.ts";\nimport { own as b } from "./through.ts";\n${
        answering("own + b")
      }`,
      /OWNOWN/,
    ],
    [
      "types of anywhere",
      `import type { SitePolicyFunction } from "@postern/postern/policy";\nexport type Mine = SitePolicyFunction;\n${
        answering("1")
      }`,
      /pass/,
    ],
    ["a comment about it", `// import nothing, they said\n${answering("1")}`, /pass/],
    ["a property of that name", `const o = { reimport: 1 };\n${answering("o.reimport")}`, /pass/],
    [
      "a list of exports",
      `const policy = () => undefined;\nexport { policy as default };\n`,
      /pass/,
    ],
  ] as const
) {
  Deno.test(`siteLayer: a policy may have ${what}`, async () => {
    assert.match(await reaching(code), want);
  });
}

Deno.test("siteLayer: a policy of JavaScript may have modules of its own", async () => {
  const code =
    'import { own } from "./own.ts";\nexport default () => ({ verdict: "pass", notes: { own } });\n';
  assert.match(await reaching(code, "site.js"), /OWN/);
});

Deno.test("siteLayer: what it may not import is told with line and column", async () => {
  const fault = await unusable(`\n  const k = import("/etc/passwd");\n${answering("k")}`);
  assert.match(fault.message, /site\.ts:2:13: a policy may import nothing but/);
});

for (
  const [what, body, want] of [
    ["sends null past the driver", "self.postMessage(null)", /postMessage is not a function/],
    ["ends its worker", "self.close()", /close is not a function/],
    ["leaves the runtime", "Deno.exit(0)", /took more than|ended/],
    [
      "throws an Error whose stack is a number",
      "throw Object.assign(new Error('x'), { stack: 7 })",
      /x/,
    ],
    [
      "throws an Error whose stack throws",
      "throw Object.defineProperty(new Error('x'), 'stack', { get() { throw 1; } })",
      /cannot be printed/,
    ],
    ["throws null", "throw null", /null/],
    ["throws a symbol", "throw Symbol('s')", /Symbol/],
    ["throws an object that is no text", "throw Object.create(null)", /cannot be printed/],
    ["throws a very long text", "throw 'x'.repeat(1e8)", /^x{1,400}$/],
    [
      "answers two million notes",
      "const notes: any = {}; for (let i = 0; i < 2e6; i++) notes['n' + i] = i; return { verdict: 'pass', notes }",
      /more than 2000 values|took more than/,
    ],
    [
      "answers a list of notes without end",
      "return { verdict: 'pass', notes: { a: new Array(5e6).fill('x') } }",
      /more than 2000 values/,
    ],
    [
      "answers names without end",
      "return { verdict: 'pass', notes: { ['n'.repeat(1e7)]: 1 } }",
      /more than 80000 characters/,
    ],
    [
      "answers a text without end",
      "return { verdict: 'refuse', as: 'rights', text: 'x'.repeat(1e8) }",
      /"text" must be/,
    ],
    ["answers a number that is none", "return NaN", /answered a number/],
    ["answers a function", "return () => ({ verdict: 'pass' })", /answered a function/],
    [
      "answers something that turns into nothing",
      "return { toJSON: () => undefined }",
      /answered no decision/,
    ],
    ["answers a circle", "const a: any = { verdict: 'pass' }; a.notes = a; return a", /circular/i],
    [
      "answers a proxy that throws",
      "return new Proxy({}, { get() { throw new Error('never') } })",
      /never/,
    ],
    [
      "answers a getter that throws",
      "return { get verdict() { throw new Error('never') } }",
      /never/,
    ],
    [
      "answers a note of null",
      "return { verdict: 'pass', notes: { a: null } }",
      /note "a" must be/,
    ],
    ["answers a big integer", "return { verdict: 'pass', notes: { a: 1n } }", /BigInt/],
    [
      "has changed what the driver uses",
      "JSON.stringify = (() => '{}') as never; Error.prototype.toString = () => { throw 1; }; return 7",
      /answered a number/,
    ],
  ] as const
) {
  Deno.test(`siteLayer: a policy that ${what} is a fault, and the next message is judged`, async () => {
    const log: Array<string> = [];
    const code =
      `// @ts-nocheck\nexport default (s: any): any => { if (s.recipients.length > 1) { ${body}; }\n return undefined; };`;
    const [said, next] = await withPolicy(code, (p) =>
      Effect.all([
        Effect.flip(p.decide(submission({ recipients: ["a@b.example", "c@b.example"] }))),
        p.decide(submission()),
      ]), { log });
    assert.match(said.message, want);
    assert.ok(said.message.length < 1000);
    assert.equal(next.verdict, "pass");
  });
}

Deno.test("readSaid: takes what the driver says and nothing else", () => {
  for (
    const other of [
      null,
      undefined,
      7,
      "loaded",
      [],
      {},
      { number: "1", answer: "{}" },
      { number: 1 },
      { number: 1, answer: "{" },
      { number: 1, answer: {} },
      { number: 1, threw: 3 },
      { number: 1, answer: " ".repeat(1e6) },
      { unfit: null },
      { loaded: "yes" },
    ]
  ) {
    assert.equal(readSaid(other), null);
  }
  assert.deepEqual(readSaid({ number: 1, answer: '{"verdict":"pass"}' }), {
    _tag: "Answered",
    number: 1,
    answer: { verdict: "pass" },
  });
});

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
  assert.match(seen[2]!, /answered a promise, not a decision/);
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

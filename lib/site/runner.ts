/**
 * Runs one version of a site's policy in a worker without any permission: no network, no files, no environment.
 *
 * Calls are answered in their order. One that takes too long ends the worker; a new one takes up the rest.
 */
import { pathToFileURL } from "node:url";
import { Effect } from "effect";
import { readDecision } from "../ports/site_decision.ts";
import type { SiteDecision, SubmissionFacts } from "../ports/site_facts.ts";
import { SitePolicyFault } from "../ports/site_policy.ts";
import { PolicyFileFault, problemOf } from "./file_fault.ts";

/** How long a file may take until it is loaded. */
const LOAD_MS = 10_000;
/** Calls that wait; beyond them something is wrong. */
const MAX_WAITING = 1_000;

interface Call {
  readonly number: number;
  readonly facts: SubmissionFacts;
  readonly done: (result: Effect.Effect<SiteDecision, SitePolicyFault>) => void;
}

type Said =
  | { readonly loaded: true }
  | { readonly unfit: string }
  | { readonly number: number; readonly answer: unknown }
  | { readonly number: number; readonly threw: string };

/** `Uncaught` and the like are cut; `v` makes the runtime read a file that changed. */
const driver = (url: string): string => `
import * as site from ${JSON.stringify(url)};
const say = self.postMessage.bind(self);
const decide = site.default;
if (typeof decide !== "function") say({ unfit: "has no default export that is a function" });
else {
  self.onmessage = ({ data: { number, facts } }) => {
    try {
      say({ number, answer: decide(facts) });
    } catch (e) {
      say({ number, threw: e instanceof Error ? e.stack ?? String(e) : String(e) });
    }
  };
  say({ loaded: true });
}
`;

let versions = 0;

export class Runner {
  readonly #file: string;
  readonly #limitMs: number;
  readonly #waiting: Array<Call> = [];
  #worker: Worker | null = null;
  #loaded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #numbers = 0;
  #closed = false;
  #onLoad: (fault: PolicyFileFault | null) => void = () => {};

  constructor(file: string, limitMs: number) {
    this.#file = file;
    this.#limitMs = limitMs;
  }

  /** Loads the file as it is now. */
  readonly load: Effect.Effect<void, PolicyFileFault> = Effect.callback((resume) => {
    this.#start((fault) => resume(fault === null ? Effect.void : Effect.fail(fault)));
  });

  readonly decide = (facts: SubmissionFacts): Effect.Effect<SiteDecision, SitePolicyFault> =>
    Effect.callback((resume) => {
      if (this.#closed || this.#waiting.length >= MAX_WAITING) {
        return resume(fault(this.#closed ? "is not loaded" : "too many messages wait for it"));
      }
      this.#waiting.push({ number: this.#numbers++, facts, done: resume });
      if (this.#worker === null) this.#start(() => {});
      else if (this.#loaded) this.#post(this.#waiting.length - 1);
    });

  /** Ends it once what waits is answered. */
  close(): void {
    this.#closed = true;
    if (this.#waiting.length === 0) this.#end();
  }

  #start(onLoad: (fault: PolicyFileFault | null) => void): void {
    this.#end();
    this.#onLoad = onLoad;
    const url = `${pathToFileURL(this.#file).href}?v=${++versions}`;
    const blob = URL.createObjectURL(new Blob([driver(url)], { type: "text/javascript" }));
    const worker = new Worker(blob, { type: "module", deno: { permissions: "none" } });
    this.#worker = worker;
    worker.onmessage = (e: MessageEvent<Said>) => {
      if (this.#worker === worker) this.#heard(e.data);
    };
    worker.onerror = (e) => {
      e.preventDefault();
      if (this.#worker === worker) this.#died(e.message);
    };
    this.#timer = setTimeout(
      () => this.#died(`takes more than ${LOAD_MS} ms to load`),
      LOAD_MS,
    );
    setTimeout(() => URL.revokeObjectURL(blob), LOAD_MS);
  }

  #heard(said: Said): void {
    if ("unfit" in said) return this.#died(said.unfit);
    if ("loaded" in said) {
      this.#loaded = true;
      clearTimeout(this.#timer);
      this.#onLoad(null);
      for (let i = 0; i < this.#waiting.length; i++) this.#post(i);
      return;
    }
    if (this.#waiting[0]?.number !== said.number) return;
    const call = this.#waiting.shift();
    call?.done("threw" in said ? threw(said.threw) : read(said.answer));
    this.#watch();
    if (this.#closed && this.#waiting.length === 0) this.#end();
  }

  #post(at: number): void {
    const call = this.#waiting[at];
    if (call === undefined) return;
    this.#worker?.postMessage({ number: call.number, facts: call.facts });
    if (at === 0) this.#watch();
  }

  /** The oldest call has its time from when it became the oldest. */
  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) return;
    this.#timer = setTimeout(() => {
      const late = this.#waiting.shift();
      late?.done(fault(`took more than ${this.#limitMs} ms`));
      this.#end();
      if (this.#waiting.length > 0) this.#start(() => {});
    }, this.#limitMs);
  }

  /** It could not be loaded, or fell over: what waits is told, and the next call tries again. */
  #died(said: string): void {
    this.#end();
    const problem = problemOf(said);
    this.#onLoad(new PolicyFileFault({ file: this.#file, problems: [problem] }));
    for (const call of this.#waiting.splice(0)) call.done(fault(problem.message));
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#loaded = false;
    const worker = this.#worker;
    this.#worker = null;
    worker?.terminate();
  }
}

const fault = (problem: string) => Effect.fail(new SitePolicyFault({ problem }));

const threw = (stack: string) => {
  const { line, message } = problemOf(stack);
  return fault(line === null ? message : `line ${line}: ${message}`);
};

const read = (answer: unknown): Effect.Effect<SiteDecision, SitePolicyFault> => {
  const decision = readDecision(answer);
  return typeof decision === "string" ? fault(decision) : Effect.succeed(decision);
};

/**
 * Runs one version of a site's policy in a worker without any permission: no network, no files, no environment, no
 * module but its own (`imports.ts`).
 *
 * Calls are answered in their order. One that takes too long ends the worker; a new one takes up the rest.
 */
import { Effect } from "effect";
import { readDecision } from "../ports/site_decision.ts";
import type { SiteDecision, SubmissionFacts } from "../ports/site_facts.ts";
import { SitePolicyFault } from "../ports/site_policy.ts";
import { driver, GUARD } from "./driver.ts";
import { PolicyFileFault, problemOf } from "./file_fault.ts";
import { Blobs, type Module, readModules } from "./modules.ts";
import { readSaid } from "./said.ts";

/** How long a file may take until it is loaded. */
const LOAD_MS = 10_000;
/** Calls that wait; beyond them something is wrong. */
const MAX_WAITING = 1_000;

interface Call {
  readonly number: number;
  readonly facts: SubmissionFacts;
  readonly done: (result: Effect.Effect<SiteDecision, SitePolicyFault>) => void;
}

export class Runner {
  readonly #file: string;
  readonly #limitMs: number;
  readonly #waiting: Array<Call> = [];
  /** This version, however often the worker is started. */
  #modules: ReadonlyArray<Module> = [];
  #blobs: Blobs | null = null;
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
  readonly load: Effect.Effect<void, PolicyFileFault> = Effect.suspend(() =>
    Effect.flatMap(readModules(this.#file), (modules) => {
      this.#modules = modules;
      return this.#started;
    })
  );

  readonly #started: Effect.Effect<void, PolicyFileFault> = Effect.callback((resume) => {
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
    const blobs = new Blobs(this.#modules);
    this.#blobs = blobs;
    const guard = scriptUrl(GUARD);
    const first = scriptUrl(driver(guard, blobs.of(this.#file)));
    const worker = new Worker(first, { type: "module", deno: { permissions: "none" } });
    this.#worker = worker;
    worker.onmessage = (e: MessageEvent<unknown>) => {
      if (this.#worker === worker) this.#heard(e.data);
    };
    worker.onmessageerror = () => {
      if (this.#worker === worker) this.#died(NO_ANSWER);
    };
    worker.onerror = (e) => {
      e.preventDefault();
      if (this.#worker === worker) this.#died(e.message);
    };
    this.#timer = setTimeout(
      () => this.#died(`takes more than ${LOAD_MS} ms to load`),
      LOAD_MS,
    );
    setTimeout(() => {
      blobs.revoke();
      for (const url of [guard, first]) URL.revokeObjectURL(url);
    }, LOAD_MS);
  }

  #heard(data: unknown): void {
    const said = readSaid(data);
    if (said === null) return this.#died(NO_ANSWER);
    if (said._tag === "Unfit") return this.#died(said.why);
    if (said._tag === "Loaded") {
      if (this.#loaded) return;
      this.#loaded = true;
      clearTimeout(this.#timer);
      this.#onLoad(null);
      for (let i = 0; i < this.#waiting.length; i++) this.#post(i);
      return;
    }
    if (this.#waiting[0]?.number !== said.number) return;
    const call = this.#waiting.shift();
    call?.done(said._tag === "Threw" ? this.#threw(said.threw) : read(said.answer));
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
    const problem = this.#problemOf(said);
    this.#onLoad(new PolicyFileFault({ file: this.#file, problems: [problem] }));
    for (const call of this.#waiting.splice(0)) call.done(fault(problem.message));
  }

  /** What the runtime says, with the files in place of the URLs that they have in it. */
  #problemOf(said: string) {
    return problemOf(this.#blobs?.named(said) ?? said);
  }

  #threw(stack: string) {
    const { line, message } = this.#problemOf(stack);
    return fault(line === null ? message : `line ${line}: ${message}`);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#loaded = false;
    const worker = this.#worker;
    this.#worker = null;
    worker?.terminate();
  }
}

const NO_ANSWER = "the policy sent an invalid answer";

const scriptUrl = (text: string): string =>
  URL.createObjectURL(new Blob([text], { type: "text/javascript" }));

const fault = (problem: string) => Effect.fail(new SitePolicyFault({ problem }));

const read = (answer: unknown): Effect.Effect<SiteDecision, SitePolicyFault> => {
  const decision = readDecision(answer);
  return typeof decision === "string" ? fault(decision) : Effect.succeed(decision);
};

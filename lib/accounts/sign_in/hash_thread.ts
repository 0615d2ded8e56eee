/** Asks the thread of `hash_worker.ts`, which is started when it is first needed. */
import type { HashQuestion, HashVerdict } from "./hash_question.ts";

interface Waiting {
  readonly resolve: (right: boolean) => void;
  readonly reject: (e: Error) => void;
}

export class HashThread {
  #worker: Worker | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  #start(): Worker {
    const worker = new Worker(new URL("./hash_worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<HashVerdict>) => {
      const one = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ("right" in data) one?.resolve(data.right);
      else one?.reject(new Error(data.failed));
    };
    worker.onerror = (e) => {
      e.preventDefault();
      this.#fail(new Error(e.message));
    };
    return worker;
  }

  #fail(e: Error): void {
    this.#worker?.terminate();
    this.#worker = null;
    for (const one of this.#waiting.values()) one.reject(e);
    this.#waiting.clear();
  }

  ask(kind: HashQuestion["kind"], text: string, password: string): Promise<boolean> {
    this.#worker ??= this.#start();
    const id = ++this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    this.#waiting.set(id, { resolve, reject });
    const question: HashQuestion = { id, kind, text, password };
    this.#worker.postMessage(question);
    return promise;
  }

  close(): void {
    this.#fail(new Error("the accounts are closed"));
  }
}

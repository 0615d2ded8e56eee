/**
 * Runs password hashing a few at a time, with a bounded line of waiters, and the same question only once.
 *
 * Promises rather than fibers: a hash that runs cannot be stopped, so a client that leaves must not
 * free its place before it is done.
 */

/** The line is full; nothing was looked at. */
export class TooBusy extends Error {
  override readonly name = "TooBusy";
  constructor() {
    super("too many logins are being checked");
  }
}

export interface HashQueue {
  /**
   * The answer to `question`, joined where the same is under way. Rejects with `TooBusy` where the
   * line is full.
   */
  readonly ask: (question: string, work: () => Promise<boolean>) => Promise<boolean>;
}

/** `concurrency` hashes at once, at most `waiting` more in line. */
export const makeHashQueue = (concurrency: number, waiting: number): HashQueue => {
  const underWay = new Map<string, Promise<boolean>>();
  const line: Array<() => void> = [];
  let running = 0;
  const enter = (): Promise<void> => {
    if (running < concurrency) {
      running++;
      return Promise.resolve();
    }
    if (line.length >= waiting) return Promise.reject(new TooBusy());
    return new Promise((go) => line.push(go));
  };
  const leave = (): void => {
    const next = line.shift();
    if (next === undefined) running--;
    else next(); // takes over the place
  };
  const run = async (work: () => Promise<boolean>): Promise<boolean> => {
    await enter();
    try {
      return await work();
    } finally {
      leave();
    }
  };
  return {
    ask: (question, work) => {
      const same = underWay.get(question);
      if (same !== undefined) return same;
      const answer = run(work).finally(() => underWay.delete(question));
      underWay.set(question, answer);
      return answer;
    },
  };
};

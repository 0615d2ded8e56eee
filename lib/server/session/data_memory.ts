/**
 * The memory that message data may take between the wire and the disk, for all sessions together. Whoever holds some
 * may always go on, so that what is begun ends; whoever holds none waits in line while it is used up.
 *
 * Counts octets and keeps no time: nobody's silence is measured while they wait for us.
 */
export class DataMemory {
  readonly #most: number;
  #held = 0;
  /** First come, first served. */
  readonly #line = new Set<() => void>();
  #calling = false;

  constructor(most: number) {
    this.#most = most;
  }

  /** Octets that are held by all. */
  get held(): number {
    return this.#held;
  }

  /** Used up, or others are in line: what is held should go to disk now rather than later. */
  get scarce(): boolean {
    return this.#held >= this.#most || this.#line.size > 0;
  }

  /** A share of nothing yet. */
  share(): DataShare {
    return new DataShare(this);
  }

  /** `go` is called when it is its turn, and never at once. Returns how to leave the line. */
  wait(go: () => void): () => void {
    const turn = (): void => go();
    this.#line.add(turn);
    return () => {
      // whoever is behind may be next
      if (this.#line.delete(turn)) this.#call();
    };
  }

  count(more: number): void {
    this.#held += more;
    if (more < 0) this.#call();
  }

  #call(): void {
    if (this.#calling) return;
    this.#calling = true;
    try {
      for (const turn of this.#line) {
        if (this.#held >= this.#most) break;
        this.#line.delete(turn);
        turn();
      }
    } finally {
      this.#calling = false;
    }
  }
}

/** What one message holds. */
export class DataShare {
  readonly #memory: DataMemory;
  #held = 0;
  #leave: (() => void) | null = null;
  /** It was called, and has not gone on yet. */
  #called = false;

  constructor(memory: DataMemory) {
    this.#memory = memory;
  }

  get held(): number {
    return this.#held;
  }

  get scarce(): boolean {
    return this.#memory.scarce;
  }

  take(octets: number): void {
    this.#held += octets;
    this.#memory.count(octets);
  }

  giveBack(octets: number): void {
    const less = Math.min(octets, this.#held);
    this.#held -= less;
    if (less > 0) this.#memory.count(-less);
  }

  /** False where it may go on at once; else `go` is called at its turn. */
  mustWait(go: () => void): boolean {
    if (this.#called || this.#held > 0 || !this.#memory.scarce) {
      this.#called = false;
      return false;
    }
    this.#leave = this.#memory.wait(() => {
      this.#leave = null;
      this.#called = true;
      go();
    });
    return true;
  }

  /** All of it back, its place in the line too. */
  drop(): void {
    this.giveBack(this.#held);
    const leave = this.#leave;
    this.#leave = null;
    leave?.();
  }
}

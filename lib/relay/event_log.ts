/** Events as JSON lines at the end of a file; it may be moved away at any time. */
import type { EventSink, MailEvent } from "./announcer.ts";

/** `fault` is told when lines could not be written, once until it goes well again. */
export class EventLog implements EventSink {
  readonly #path: string;
  readonly #fault: (cause: unknown) => void;
  #waiting: Array<MailEvent> = [];
  #writing: Promise<void> | null = null;
  #broken = false;

  constructor(path: string, fault: (cause: unknown) => void) {
    this.#path = path;
    this.#fault = fault;
  }

  readonly push = (events: ReadonlyArray<MailEvent>): void => {
    this.#waiting.push(...events);
    this.#writing ??= this.#write();
  };

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const text = this.#waiting.splice(0).map((e) => `${JSON.stringify(e)}\n`).join("");
      try {
        await Deno.writeTextFile(this.#path, text, { append: true, mode: 0o600 });
        this.#broken = false;
      } catch (cause) {
        if (!this.#broken) this.#fault(cause);
        this.#broken = true;
      }
    }
    this.#writing = null;
  }

  readonly close = async (): Promise<void> => {
    await this.#writing;
  };
}

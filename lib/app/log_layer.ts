/** The server's log on standard error: lines are gathered for a moment and written together. */
import { Effect, Layer, Logger, References } from "effect";
import type { Config } from "../config/config.ts";
import { jsonLine, logFmtLine } from "./log_line.ts";
import { writeAll } from "./write_all.ts";

const LEVEL = { debug: "Debug", info: "Info", warning: "Warn", error: "Error" } as const;
/** Levels whose lines wait: whoever reads the others wants to see them at once. */
const MAY_WAIT: ReadonlySet<string> = new Set(["Trace", "Debug", "Info"]);
const GATHER_MS = 20;
/** Characters that wait at most. */
const MOST = 65_536;

/** A log that cannot be written, its disk full or its reader gone, is no reason to fail a submission. */
const writeOut = (text: string): void => {
  try {
    writeAll(Deno.stderr, text);
  } catch {
    // there is nowhere left to tell it
  }
};

export class GatheredLines {
  readonly #write: (text: string) => void;
  #waiting = "";
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  add(line: string, mayWait: boolean): void {
    this.#waiting += `${line}\n`;
    if (!mayWait || this.#waiting.length > MOST) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const text = this.#waiting;
    this.#waiting = "";
    if (text !== "") this.#write(text);
  }
}

/** Log lines go to standard error: one event, one line. */
export const logLayer = ({ log }: Pick<Config, "log">): Layer.Layer<never> =>
  Layer.mergeAll(
    Logger.layer([
      Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => new GatheredLines(writeOut)),
          (lines) => Effect.sync(() => lines.flush()),
        ),
        (lines) => {
          const render = log.format === "json" ? jsonLine : logFmtLine;
          return Logger.make((o) =>
            lines.add(
              render({ date: o.date, level: o.logLevel, message: o.message, cause: o.cause }),
              MAY_WAIT.has(o.logLevel),
            )
          );
        },
      ),
    ]),
    Layer.succeed(References.MinimumLogLevel, LEVEL[log.level]),
  );

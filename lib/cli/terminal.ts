/** Standard input and output for commands, and what effect/cli asks of a platform. */
import { Effect, FileSystem, Layer, Path, Redacted, Sink, Stdio, Stream, Terminal } from "effect";
import { CliConfig, CliOutput, GlobalFlag } from "effect/cli";
import { ChildProcessSpawner } from "effect/process";
import { failed, type Failure, reasonOf } from "../app/failure.ts";
import { latin1 } from "../message/text.ts";
import { writeAll, writeOctets } from "../app/write_all.ts";
import { visible, visibleJson } from "../app/visible.ts";

/** Lines on standard output at once. A reader that has gone away (`| head`) is no failure. */
export const printNow = (...lines: ReadonlyArray<string>): void => {
  unlessGone(() => writeAll(Deno.stdout, `${visible(lines.join("\n"))}\n`));
};

/** As they are, save that they cannot steer a terminal. */
export const printOctets = (octets: Uint8Array): void =>
  unlessGone(() =>
    Deno.stdout.isTerminal()
      ? writeAll(Deno.stdout, visible(latin1(octets).replaceAll("\r\n", "\n")))
      : writeOctets(Deno.stdout, octets)
  );

const unlessGone = (write: () => void): void => {
  try {
    write();
  } catch (e) {
    if (!(e instanceof Deno.errors.BrokenPipe)) throw e;
  }
};

/** The same for a server, which serves on whatever becomes of its output. */
export const show = (...lines: ReadonlyArray<string>): void => {
  try {
    printNow(...lines);
  } catch {
    // a full disk, or a terminal that is gone
  }
};

export const print = (...lines: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.sync(() => printNow(...lines));

/** A line on standard error: remarks that must not mix with the answer. */
export const remark = (line: string): Effect.Effect<void> =>
  Effect.sync(() => writeAll(Deno.stderr, `${visible(line)}\n`));

/** Whether to colour standard output: a terminal that can, unless NO_COLOR says no or FORCE_COLOR yes. */
export const colour: Effect.Effect<boolean> = Effect.sync(() => {
  if (variable("NO_COLOR") !== "") return false;
  if (variable("FORCE_COLOR") !== "") return variable("FORCE_COLOR") !== "0";
  return Deno.stdout.isTerminal() && variable("TERM") !== "dumb";
});

/** Empty where it is not set or may not be read. */
const variable = (name: "NO_COLOR" | "FORCE_COLOR" | "TERM"): string => {
  try {
    return Deno.env.get(name) ?? "";
  } catch {
    return "";
  }
};

/** For `--json`: one document, indented. */
export const printJson = (value: unknown): Effect.Effect<void> =>
  print(visibleJson(JSON.stringify(value, null, 2)));

/** All of standard input. */
export const readStdin: Effect.Effect<Uint8Array, Failure> = Effect.tryPromise({
  try: async () => new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer()),
  catch: (e) => failed(`standard input: ${reasonOf(e)}`),
});

/** Whether a person sits at standard input. */
export const interactive: Effect.Effect<boolean> = Effect.sync(() => Deno.stdin.isTerminal());

/** Whether a person reads standard error. */
export const watched: Effect.Effect<boolean> = Effect.sync(() =>
  Deno.stderr.isTerminal() && variable("TERM") !== "dumb"
);

/** One line that is written over and over, on standard error; the empty one leaves nothing behind. */
export const status = (line: string): void => {
  const { columns } = Deno.consoleSize();
  writeAll(Deno.stderr, `\r\x1b[K${visible(line).slice(0, Math.max(0, columns - 1))}`);
};

/** Asks on standard error; only a plain yes is one. */
export const askYes = (question: string): Effect.Effect<boolean> =>
  Effect.sync(() => {
    writeAll(Deno.stderr, `${visible(question)} [y/N] `);
    const octets = new Uint8Array(256);
    const n = Deno.stdin.readSync(octets) ?? 0;
    return /^\s*y(es)?\s*$/i.test(new TextDecoder().decode(octets.subarray(0, n)));
  });

/** Asks without echo; null where the person gave up (Ctrl-C, Ctrl-D). */
export const askSecret = (question: string): Effect.Effect<Redacted.Redacted<string> | null> =>
  Effect.sync(() => {
    writeAll(Deno.stderr, question);
    Deno.stdin.setRaw(true);
    try {
      const octets = readLineRaw();
      return octets === null ? null : Redacted.make(new TextDecoder().decode(octets));
    } finally {
      Deno.stdin.setRaw(false);
      writeAll(Deno.stderr, "\n");
    }
  });

/** One line from a raw terminal: Backspace and Ctrl-U edit; null at Ctrl-C, and at Ctrl-D on an empty line. */
const readLineRaw = (): Uint8Array | null => {
  const line: Array<number> = [];
  const one = new Uint8Array(1);
  for (;;) {
    const n = Deno.stdin.readSync(one);
    const c = n === null ? 0x04 : one[0] ?? 0;
    if (c === 0x0d || c === 0x0a) return Uint8Array.from(line);
    if (c === 0x03 || (c === 0x04 && line.length === 0)) return null;
    if (c === 0x04) return Uint8Array.from(line);
    if (c === 0x15) line.length = 0;
    else if (c === 0x7f || c === 0x08) {
      // one character, which may be several octets of UTF-8
      while (((line.pop() ?? 0) & 0xc0) === 0x80);
    } else if (c >= 0x20) line.push(c);
  }
};

const unused = Effect.die(new Error("not used by this command line"));

const columns = Effect.sync(() => Deno.stdout.isTerminal() ? Deno.consoleSize().columns : 80);

/** Wrong usage is told in a few lines on standard error, not with the whole help. */
const presenter: CliOutput.Presenter = {
  present: (event) => {
    switch (event._tag) {
      case "InvalidInvocation":
        return remark(
          [
            ...event.errors.map((e) => `postern: ${e.message.replace(/\n+/g, "\npostern: ")}`),
            `postern: see ${event.commandPath.join(" ")} --help`,
          ].join("\n"),
        );
      case "Version":
        return print(`${event.name} ${event.version}`);
      case "Help":
        return CliOutput.defaultPresenter.present(event);
    }
  },
};

/** effect/cli's platform, without the parts that it needs only for prompts and file arguments. */
export const cliLayer = Layer.mergeAll(
  FileSystem.layerNoop({}),
  Path.layer,
  Layer.succeed(
    Stdio.Stdio,
    Stdio.make({
      args: Effect.sync(() => Deno.args),
      stdin: Stream.empty,
      stdout: () => Sink.drain,
      stderr: () => Sink.drain,
      stdoutIsTerminal: Effect.sync(() => Deno.stdout.isTerminal()),
      stderrIsTerminal: Effect.sync(() => Deno.stderr.isTerminal()),
    }),
  ),
  Layer.succeed(
    Terminal.Terminal,
    Terminal.make({
      columns,
      rows: Effect.succeed(24),
      size: unused,
      readInput: unused,
      readLine: unused,
      display: (text) => Effect.sync(() => writeAll(Deno.stdout, visible(text))),
    }),
  ),
  Layer.succeed(
    ChildProcessSpawner.ChildProcessSpawner,
    ChildProcessSpawner.make(() => unused),
  ),
  CliOutput.layerPresenter(presenter),
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
);

/** Runs a program to its end: signals interrupt it, failures become lines on standard error. */
import { Cause, Effect, Exit, Fiber } from "effect";
import { Failure, reasonOf } from "../app/failure.ts";
import { visible } from "../app/visible.ts";

const encoder = new TextEncoder();

/** Standard error at once, also right before the process ends. */
const complain = (lines: ReadonlyArray<string>): void => {
  try {
    for (const line of lines) Deno.stderr.writeSync(encoder.encode(`postern: ${visible(line)}\n`));
  } catch {
    // nobody reads it, and the exit status says it as well
  }
};

/** SIGHUP, of a terminal that is closed too, stops as well as SIGTERM does. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Ends the process with the program's exit status: 0; what `Failure` says; 1 for a bug.
 * The first signal interrupts, which runs all finalizers, newest first; the second gives up.
 */
export const runMain = async (program: Effect.Effect<void, Failure>): Promise<never> => {
  const fiber = Effect.runFork(program);
  let stopping = false;
  for (const signal of SIGNALS) {
    if (Deno.build.os === "windows" && signal !== "SIGINT") continue;
    Deno.addSignalListener(signal, () => {
      if (stopping) Deno.exit(130);
      stopping = true;
      fiber.interruptUnsafe(fiber.id);
    });
  }
  const exit = await Effect.runPromise(Fiber.await(fiber));
  Deno.exit(exitCode(exit, stopping));
};

const exitCode = (exit: Exit.Exit<void, Failure>, stopping: boolean): number => {
  if (Exit.isSuccess(exit)) return 0;
  if (stopping && Cause.hasInterruptsOnly(exit.cause)) return 0;
  const errors = exit.cause.reasons.flatMap((r) =>
    Cause.isFailReason(r) ? [r.error] : Cause.isDieReason(r) ? [r.defect] : []
  );
  let code = 1;
  for (const e of errors) {
    if (e instanceof Failure) {
      complain(e.lines);
      code = e.exitCode;
    } else complain([`internal error: ${reasonOf(e)}`]);
  }
  return code;
};

/** Programs that are not ours. */
import assert from "node:assert/strict";

/** Runs a program to its end; its output, where it did well. */
export const run = async (
  program: string,
  args: ReadonlyArray<string>,
  input: string,
): Promise<string> => {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success, `${program}: ${text}`);
  return text;
};

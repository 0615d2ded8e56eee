/**
 * The five binaries, from the bundle that the task `bundle` made: the whole of `effect` stays out of them.
 *
 * The threads of the spool and of hashes are modules of their own and go in beside the entry.
 */
const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];

for (const target of TARGETS) {
  const { success } = await new Deno.Command("deno", {
    args: [
      "compile",
      "--no-check",
      "--unstable-worker-options",
      // as in the tasks: after a pause the server would work at two thirds of its speed for a while
      "--v8-flags=--no-memory-reducer,--heap-growing-percent=30",
      "--allow-net",
      "--allow-read",
      "--allow-write",
      "--allow-env=NO_COLOR,FORCE_COLOR,TERM,INIT_CWD",
      "--include",
      "build/sqlite_worker.ts",
      "--include",
      "build/hash_worker.ts",
      "--target",
      target,
      "--output",
      `dist/postern-${target}`,
      "build/main.js",
    ],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) Deno.exit(1);
}

/**
 * Runs the fuzz targets: `deno task fuzz [--inputs N] [--seed S] [--target NAME]`.
 *
 * Inputs are made from each target's grammar and by damaging what is known. An input that breaks a promise is written to
 * `test/fuzz/corpus/<target>/`, where ordinary test runs replay it.
 */
// deno-lint-ignore-file no-console -- it speaks to a terminal
import { corpus, save, targets } from "./targets.ts";
import { generate, Random, randomOf } from "./target.ts";

const option = (name: string, otherwise: number): number => {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(Deno.args[at + 1]);
};

const inputs = option("inputs", 100_000);
const seed = option("seed", Date.now() % 1_000_000_007);
const only = Deno.args.includes("--target") ? Deno.args[Deno.args.indexOf("--target") + 1] : null;

let failed = 0;
for (const target of targets) {
  if (only !== null && target.name !== only) continue;
  const random = new Random(seed);
  const known = corpus(target.name).map((c) => c.octets);
  const started = performance.now();
  let slowest = 0;
  for (let n = 0; n < inputs; n++) {
    const input = generate(target, known, random);
    const before = performance.now();
    try {
      await target.run(input, randomOf(input));
    } catch (e) {
      failed++;
      console.log(
        `${target.name}: ${save(target.name, input)}\n${e instanceof Error ? e.message : e}`,
      );
      if (failed > 20) Deno.exit(1);
    }
    slowest = Math.max(slowest, performance.now() - before);
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${target.name}: ${inputs} inputs, ${Math.round(inputs / seconds)} a second, slowest ${
      slowest.toFixed(1)
    } ms`,
  );
}
console.log(`seed ${seed}, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);

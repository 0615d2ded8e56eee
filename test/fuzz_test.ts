/** Replays what once broke a fuzz target, and a bounded number of new inputs; `deno task fuzz` runs more. */
import { corpus, targets } from "./fuzz/targets.ts";
import { generate, Random, randomOf } from "./fuzz/target.ts";

const INPUTS = 3_000;
const seed = Date.now() % 1_000_000_007;

for (const target of targets) {
  const inputs = target.quick ?? INPUTS;
  for (const { name, octets } of corpus(target.name)) {
    Deno.test(`fuzz: ${target.name} keeps its promises for ${name}`, async () => {
      await target.run(octets, randomOf(octets));
    });
  }
  Deno.test(`fuzz: ${target.name} keeps its promises for ${inputs} new inputs`, async () => {
    const random = new Random(seed);
    for (let n = 0; n < inputs; n++) {
      const input = generate(target, [], random);
      try {
        await target.run(input, randomOf(input));
      } catch (e) {
        throw new Error(`seed ${seed}, input ${JSON.stringify(String.fromCharCode(...input))}`, {
          cause: e,
        });
      }
    }
  });
}

/** Mail as programs write it goes all the way, and says afterwards what it said: by an own reader, and by Python's. */
import assert from "node:assert/strict";
import { octetsOf } from "../lib/message/text.ts";
import { anyWay, changed, delivery, OFFERS, travel } from "./fuzz/targets/delivery.ts";
import { generate, Random } from "./fuzz/target.ts";
import { WILD } from "./fuzz/wild.ts";
import { installed } from "./support/postern.ts";
import { readWithPython } from "./support/python_mail.ts";

const arrived = async (name: string, message: string): Promise<ReadonlyArray<string>> => {
  const out: Array<string> = [];
  for (const command of ["DATA", "BDAT"] as const) {
    for (const encode of [false, true]) {
      for (const offer of OFFERS) {
        const way = { command, body: "8BITMIME", smtpUtf8: false, encode, offer } as const;
        const t = await travel(message, way, new Random(1));
        assert.equal(changed(t), null, name);
        assert.ok(t.got !== null, `${name} by ${command} did not arrive`);
        out.push(t.got);
      }
    }
  }
  return out;
};

for (const [name, message] of Object.entries(WILD)) {
  Deno.test(`mail of ${name} arrives as it was sent, by DATA and BDAT, at hops of 7 and 8 bits`, async () => {
    await arrived(name, message);
  });
}

Deno.test({
  name: "damaged mail that arrives is to Python what it was before",
  ignore: !installed("python3"),
  fn: async () => {
    const random = new Random(1);
    const pairs: Array<Uint8Array> = [];
    for (let n = 0; n < 150; n++) {
      const input = generate(delivery, [], random);
      const message = String.fromCharCode(...input);
      // without a line end of its own the last part is longer by one
      if (!/^From:/.test(message)) continue;
      const whole = message.endsWith("\r\n") ? message : `${message}\r\n`;
      const { sent, got } = await travel(whole, anyWay(random), random);
      if (got !== null) pairs.push(octetsOf(sent), octetsOf(got));
    }
    const read = await readWithPython(pairs);
    for (let i = 0; i < read.length; i += 2) {
      const leaves = (n: number) => read[n]?.map(([depth, , digest]) => [depth, digest]);
      const shown = String.fromCharCode(...pairs[i] ?? []);
      assert.deepEqual(leaves(i + 1), leaves(i), JSON.stringify(shown));
    }
  },
});

import assert from "node:assert/strict";
import { Effect, Layer, Logger } from "effect";
import { TestClock } from "effect/testing";
import { ClientLog } from "../../../../lib/server/limits/client_log.ts";

Deno.test("MSA-5.2: ClientLog tells so many lines of a client in an hour, and then how many it left out", async () => {
  const lines: Array<string> = [];
  const logger = Logger.make(({ message }) => {
    const [text, facts] = Array.isArray(message) ? message : [message, {}];
    lines.push(`${text} ${JSON.stringify(facts)}`);
  });
  await Effect.runPromise(
    Effect.gen(function* () {
      const log = new ClientLog(2);
      for (let n = 0; n < 5; n++) yield* log.tell("192.0.2.1", "refused", { n: String(n) });
      yield* log.tell("192.0.2.2", "refused", { n: "x" });
      yield* TestClock.adjust("1 hours");
      yield* log.tell("192.0.2.1", "refused", { n: "5" });
    }).pipe(Effect.provide(Layer.mergeAll(TestClock.layer(), Logger.layer([logger])))),
  );
  assert.deepEqual(lines, [
    'refused {"client":"192.0.2.1","n":"0"}',
    'refused {"client":"192.0.2.1","n":"1","more":"left out for the rest of the hour"}',
    'refused {"client":"192.0.2.2","n":"x"}',
    'refused {"client":"192.0.2.1","n":"5","leftOutBefore":3}',
  ]);
});

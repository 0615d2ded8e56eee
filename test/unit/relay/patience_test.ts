import assert from "node:assert/strict";
import { STANDARD_PATIENCE } from "../../../lib/relay/settings.ts";

Deno.test("STANDARD_PATIENCE waits at least as long as RFC 5321 §4.5.3.2 asks for. HOP-11", () => {
  const least = { greeting: 5, command: 5, data: 2, block: 3, final: 10 };
  for (const [what, minutes] of Object.entries(least)) {
    const ms: number = STANDARD_PATIENCE[what as keyof typeof least];
    assert.ok(ms >= minutes * 60_000, what);
  }
});

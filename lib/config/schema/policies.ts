/** `[policies]`: the site's own policy, in TypeScript. */
import { z } from "zod";
import { count } from "../values/range.ts";

export const policies = z.strictObject({
  file: z.string().refine((s) => s !== "" && !s.includes("\0"), {
    error: "must be the path of a TypeScript file",
  }).optional().describe(
    "TypeScript file whose default export judges each message (policies/README.md); read again when it changes",
  ),
  timeout_ms: count(1000, 10, 30_000, "Milliseconds that one decision may take"),
  on_failure: z.enum(["refuse", "accept"]).default("refuse").describe(
    "A message that it could not judge: 451, or on without its judgement",
  ),
}).prefault({});

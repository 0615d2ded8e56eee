/** `[records]`: which submissions are recorded. */
import { z } from "zod";
import { span } from "../values/range.ts";

export const records = z.strictObject({
  url: z.string().refine((s) => /^sqlite:(?!:memory:$)[^\0]+$/.test(s), {
    error: 'must be "sqlite:" and the path of a file, such as "sqlite:data/records.db"',
  }).default("sqlite:data/records.db").describe("Where they are kept"),
  refusals: z.boolean().default(true).describe(
    "Remember why something was refused; the reply then names an id for `postern trace`",
  ),
  accepted: z.boolean().default(false).describe(
    "Remember headers and envelopes of accepted messages, for `postern policy replay`",
  ),
  keep_days: span(7, 0.01, 365, "How long"),
}).prefault({});

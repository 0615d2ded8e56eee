/** `[[filter]]`: programs that look at each message before it is signed. */
import { z } from "zod";
import { parseFilterPlace } from "../values/filter_place.ts";
import { span } from "../values/range.ts";

export const filter = z.strictObject({
  name: z.string().refine((s) => /^[A-Za-z0-9_.-]{1,40}$/.test(s), {
    error: "must be 1 to 40 letters, digits, dots, dashes or underscores",
  }).describe("How trail, log and `postern queue` call it"),
  via: z.string().refine((s) => parseFilterPlace(s) !== null, {
    error:
      'must be such as "rspamd:http://127.0.0.1:11333", "milter://127.0.0.1:8891" or "milter+unix:/run/filter.sock"',
  }).describe("Where it listens, and what it speaks"),
  password_file: z.string().refine((s) => s !== "" && !s.includes("\0"), {
    error: "must be the path of a file",
  }).optional().describe("File with the password that rspamd asks for"),
  timeout_seconds: span(30, 0.1, 300, "For one message, from connecting to its last word"),
  on_failure: z.enum(["refuse", "accept"]).default("refuse").describe(
    "A message that it could not judge: 451, or on without its judgement",
  ),
});

/** An envelope that says nothing of itself. */
import type { Envelope } from "../../lib/envelope/envelope.ts";

export const PLAIN: Envelope = {
  returnPath: null,
  recipients: [],
  body: "7BIT",
  smtpUtf8: false,
  declaredSize: null,
};

/** RRVS: deliver only if the mailbox has had the same owner since then. RFC 7293 §3.1 */
import { parseDateTime } from "../../../envelope/date_time.ts";
import { BAD_PARAMETER } from "../../../reply/catalog.ts";
import type { Extension } from "../extension.ts";

export const rrvs: Extension = {
  keyword: (_, peer) => peer.tls ? "RRVS" : null,
  rcptParameters: {
    RRVS: (value, recipient) => {
      const [since = "", otherwise = "R", ...more] = (value ?? "").split(";");
      const letter = otherwise.toUpperCase();
      if (more.length > 0 || parseDateTime(since) === null) return BAD_PARAMETER;
      if (letter !== "R" && letter !== "C") return BAD_PARAMETER;
      return { ...recipient, rrvs: { since, otherwise: letter } };
    },
  },
};

/** DELIVERBY: the deadline of a message, and what happens after it. RFC 2852 §4 */
import { BAD_PARAMETER, DELIVERBY_TOO_SOON } from "../../../reply/catalog.ts";
import type { Extension } from "../extension.ts";

/** `minSeconds`: what `R` must leave at least; 0: none, and not announced. RFC 2852 §3 */
export const deliverBy = (minSeconds: number): Extension => ({
  keyword: (_, peer) => peer.tls ? minSeconds > 0 ? `DELIVERBY ${minSeconds}` : "DELIVERBY" : null,
  mailParameters: {
    BY: (value, mail, { rules }) => {
      const m = /^([+-]?[0-9]{1,9});([RN])(T)?$/i.exec(value ?? "");
      if (m === null) return BAD_PARAMETER;
      const seconds = Number(m[1]);
      const mode = m[2]?.toUpperCase() === "R" ? "R" : "N";
      if (mode === "R" && seconds <= 0) return BAD_PARAMETER;
      if (mode === "R" && seconds < minSeconds) return DELIVERBY_TOO_SOON;
      const deadline = rules.now() + seconds * 1000;
      return { ...mail, deliverBy: { deadline, mode, trace: m[3] !== undefined } };
    },
  },
});

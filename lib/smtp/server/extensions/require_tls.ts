/** REQUIRETLS: over verified TLS all the way, or not at all. Offered under TLS only. RFC 8689 §2 */
import { BAD_PARAMETER } from "../../../reply/catalog.ts";
import type { Extension } from "../extension.ts";

export const requireTls: Extension = {
  keyword: (_, peer) => peer.tls ? "REQUIRETLS" : null,
  mailParameters: {
    REQUIRETLS: (value, mail) => value === null ? { ...mail, requireTls: true } : BAD_PARAMETER,
  },
};

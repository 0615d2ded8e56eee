/** BINARYMIME: a body of any octets, sent by BDAT alone. RFC 3030 §3 */
import { BAD_PARAMETER } from "../../../reply/catalog.ts";
import type { Extension } from "../extension.ts";

export const binaryMime: Extension = {
  keyword: (_, peer) => peer.tls ? "BINARYMIME" : null,
  mailParameters: {
    BODY: (value, mail) =>
      value?.toUpperCase() === "BINARYMIME" ? { ...mail, body: "BINARYMIME" } : BAD_PARAMETER,
  },
};

/** 8BITMIME: whether the body holds 8-bit octets. RFC 6152 §2 */
import { BAD_PARAMETER } from "../../../reply/catalog.ts";
import type { Extension } from "../extension.ts";

export const eightBitMime: Extension = {
  keyword: () => "8BITMIME",
  mailParameters: {
    BODY: (value, mail) => {
      const body = value?.toUpperCase();
      return body === "7BIT" || body === "8BITMIME" ? { ...mail, body } : BAD_PARAMETER;
    },
  },
};

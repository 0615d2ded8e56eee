/** SMTPUTF8: UTF-8 in addresses and header. RFC 6531 §3.1, §3.4 */
import { BAD_PARAMETER } from "../../../reply/catalog.ts";
import type { Extension } from "../extension.ts";

export const smtpUtf8: Extension = {
  keyword: () => "SMTPUTF8",
  mailParameters: {
    SMTPUTF8: (value, mail) => value === null ? { ...mail, smtpUtf8: true } : BAD_PARAMETER,
  },
};

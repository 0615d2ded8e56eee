/** AUTH: the mechanisms, under TLS only, and the `AUTH=` parameter of MAIL. RFC 4954 §3, §5 */
import { BAD_PARAMETER } from "../../../reply/catalog.ts";
import { isXtext } from "../../syntax/xtext.ts";
import type { Extension } from "../extension.ts";

export const auth: Extension = {
  keyword: (rules, peer) =>
    peer.tls ? `AUTH ${rules.mechanisms.map((m) => m.name).join(" ")}` : null,
  mailParameters: {
    // who submitted it elsewhere is not believed: the value is checked and treated as `<>`
    AUTH: (value, mail) =>
      value !== null && value.length <= 500 && isXtext(value) ? mail : BAD_PARAMETER,
  },
};

/** AUTH: the mechanisms, under TLS only, and the `AUTH=` parameter of MAIL. RFC 4954 §3, §5 */
import { BAD_PARAMETER } from "../../../reply/catalog.ts";
import { isXtext } from "../../syntax/xtext.ts";
import { offered } from "../auth.ts";
import type { Extension } from "../extension.ts";

export const auth: Extension = {
  keyword: (rules, peer) =>
    peer.tls ? `AUTH ${offered(rules, peer.channel).map((m) => m.name).join(" ")}` : null,
  mailParameters: {
    // who submitted it elsewhere is not believed: the value is checked and treated as `<>`
    AUTH: (value, mail) => {
      if (value === null || value.length > 500 || !isXtext(value)) return BAD_PARAMETER;
      return value === "<>" ? mail : { ...mail, submitter: value };
    },
  },
};

/** AUTH: the mechanisms, under TLS only, and the `AUTH=` parameter of MAIL. RFC 4954 §3, §5 */
import { BAD_PARAMETER } from "../../../reply/catalog.ts";
import { offered } from "../auth.ts";
import type { Extension } from "../extension.ts";

/** xtext: printable ASCII but `+` and `=`, or `+` and two upper-case hex digits. RFC 3461 §4 */
const isXtext = (s: string): boolean => {
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c === 0x2b) {
      if (!/^[0-9A-F]{2}$/.test(s.slice(i + 1, i + 3))) return false;
      i += 2;
    } else if (c < 0x21 || c > 0x7e || c === 0x3d) return false;
  }
  return s.length > 0;
};

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

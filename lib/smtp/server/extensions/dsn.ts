/**
 * DSN: which reports the sender wants, and their contents. RFC 3461 §4, RFC 6533 §3
 *
 * Values are kept as given, so that they go on as given.
 */
import type { Notify } from "../../../envelope/envelope.ts";
import { isAscii } from "../../../address/domain.ts";
import { BAD_PARAMETER } from "../../../reply/catalog.ts";
import { isXtext } from "../../syntax/xtext.ts";
import type { Extension } from "../extension.ts";

const MAX_ENVID = 100;
const MAX_ORCPT = 500;

const WORD: ReadonlySet<string> = new Set(["SUCCESS", "FAILURE", "DELAY"]);
const isWord = (s: string): s is "SUCCESS" | "FAILURE" | "DELAY" => WORD.has(s);

/** `NEVER`, or a list of the others with none twice. RFC 3461 §4.1 */
const readNotify = (value: string): Notify | null => {
  const words = value.toUpperCase().split(",");
  if (words.length === 1 && words[0] === "NEVER") return "NEVER";
  const known = words.filter(isWord);
  return known.length === words.length && new Set(known).size === known.length ? known : null;
};

/** `\x{41}`; of an address only what xtext has no place for. RFC 6533 §3 */
const UNICODE_XTEXT = /^(?:\\x\{[0-9A-Fa-f]{2,6}\}|[!-*,-<>-[\]-~]|[^\0-\x7f])+$/u;

/** `type;address`. Non-ASCII only where MAIL carried SMTPUTF8. RFC 3461 §4.2, RFC 6533 §3 */
const isOrcpt = (value: string, utf8: boolean): boolean => {
  const m = /^([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+);(.+)$/u.exec(value);
  if (m?.[2] === undefined || (!utf8 && !isAscii(value))) return false;
  return m[1]!.toLowerCase() === "utf-8" ? UNICODE_XTEXT.test(m[2]) : isXtext(m[2]);
};

const octets = (s: string): number => isAscii(s) ? s.length : new TextEncoder().encode(s).length;

export const dsn: Extension = {
  keyword: () => "DSN",
  mailParameters: {
    RET: (value, mail) => {
      const ret = value?.toUpperCase();
      return ret === "FULL" || ret === "HDRS" ? { ...mail, ret } : BAD_PARAMETER;
    },
    ENVID: (value, mail) =>
      value !== null && value.length <= MAX_ENVID && isXtext(value)
        ? { ...mail, envid: value }
        : BAD_PARAMETER,
  },
  rcptParameters: {
    NOTIFY: (value, recipient) => {
      const notify = value === null ? null : readNotify(value);
      return notify === null ? BAD_PARAMETER : { ...recipient, notify };
    },
    ORCPT: (value, recipient, mail) =>
      value !== null && octets(value) <= MAX_ORCPT && isOrcpt(value, mail.smtpUtf8)
        ? { ...recipient, orcpt: value }
        : BAD_PARAMETER,
  },
};

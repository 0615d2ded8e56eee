/** SIZE: the limit, and a declaration that may be refused before the data. RFC 1870 */
import { BAD_PARAMETER, TOO_BIG } from "../../../reply/catalog.ts";
import type { Extension } from "../extension.ts";

const DIGITS = /^[0-9]{1,20}$/;

export const size: Extension = {
  keyword: (rules) => `SIZE ${rules.messageBytes}`,
  mailParameters: {
    SIZE: (value, mail, { rules }) => {
      if (value === null || !DIGITS.test(value)) return BAD_PARAMETER;
      const declaredSize = Number(value);
      return declaredSize > rules.messageBytes ? TOO_BIG : { ...mail, declaredSize };
    },
  },
};

/** xtext: printable ASCII but `+` and `=`, or `+` and two upper-case hex digits. RFC 3461 §4 */

const HEX = /^[0-9A-F]{2}$/;

export const isXtext = (s: string): boolean => {
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c === 0x2b) {
      if (!HEX.test(s.slice(i + 1, i + 3))) return false;
      i += 2;
    } else if (c < 0x21 || c > 0x7e || c === 0x3d) return false;
  }
  return s.length > 0;
};

/** The octets that it means, one char each; may hold anything, control characters too. */
export const decodeXtext = (s: string): string =>
  s.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

/** xtext of latin1 text. */
export const encodeXtext = (octets: string): string =>
  octets.replace(
    /[^!-*,-<>-~]/g,
    (c) => `+${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );

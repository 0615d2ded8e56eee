/** Date and time in parameters: RFC 3339 without a fraction. RFC 4865 §5, RFC 7293 §3.1 */

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:Z|([+-])(\d\d):(\d\d))$/i;

/** Milliseconds since the epoch; null where it is no date there is. RFC 3339 §5.6 */
export const parseDateTime = (text: string): number | null => {
  const m = DATE_TIME.exec(text);
  if (m === null) return null;
  const part = (i: number): number => Number(m[i] ?? 0);
  const day = new Date(0);
  day.setUTCFullYear(part(1), part(2) - 1, part(3));
  // there is no 31 April
  if (day.getUTCMonth() !== part(2) - 1 || day.getUTCDate() !== part(3)) return null;
  // a leap second is the first of the next minute
  if (part(4) > 23 || part(5) > 59 || part(6) > 60 || part(8) > 23 || part(9) > 59) return null;
  const offset = (part(8) * 60 + part(9)) * 60_000;
  const ms = day.getTime() + ((part(4) * 60 + part(5)) * 60 + part(6)) * 1000;
  return m[7] === "-" ? ms + offset : ms - offset;
};

/** In UTC, down to the second. */
export const printDateTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

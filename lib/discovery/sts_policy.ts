/** Reads the MTA-STS record and policy of a domain. RFC 8461 §3. Pure. */
import { isAscii, parseDomainName } from "../address/domain.ts";
import type { StsPolicy } from "../ports/sts_policies.ts";

/** Seconds; about a year. RFC 8461 §3.2 */
export const MAX_AGE = 31_557_600;
/** Octets of a policy that are read. RFC 8461 §3.3 */
export const MAX_POLICY = 64 * 1024;
/** Patterns that count: what a hostile policy may list. */
const MAX_MX = 200;

const isBlank = (c: string | undefined): boolean => c === " " || c === "\t";

/** Without the blanks around it; by hand, since a pattern takes quadratic time over blanks that end in something else. */
const bare = (s: string): string => {
  let [from, to] = [0, s.length];
  while (from < to && isBlank(s[from])) from++;
  while (to > from && isBlank(s[to - 1])) to--;
  return s.slice(from, to);
};

/**
 * The id of the one record that begins with `v=STSv1;`; null where there is none, more than one, or one that is not
 * valid. Each entry is a record with its strings joined. RFC 8461 §3.1
 */
export const stsId = (records: ReadonlyArray<string>): string | null => {
  const ours = records.filter((r) => /^v=STSv1[ \t]*;/.test(r));
  const [only] = ours;
  if (only === undefined || ours.length > 1) return null;
  const fields = only.split(";").slice(1).map(bare);
  if (fields.at(-1) === "") fields.pop();
  let id: string | null = null;
  for (const field of fields) {
    const m = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*=[ \t]*([\x21-\x3a\x3c\x3e-\x7e]+)$/.exec(
      field,
    );
    if (m === null) return null;
    if (m[1] === "id" && id === null) id = m[2] ?? null;
  }
  return id !== null && /^[A-Za-z0-9]{1,32}$/.test(id) ? id : null;
};

/** The first of fields that stand twice counts, but for `mx`; what is not known is passed over. RFC 8461 §3.2 */
export const readStsPolicy = (text: string): StsPolicy | null => {
  const first = new Map<string, string>();
  const mx: Array<string> = [];
  for (const line of text.split(/\r?\n/)) {
    const m = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*:/.exec(line);
    if (m === null || line.includes("\r")) {
      if (/^[ \t]*$/.test(line)) continue;
      return null;
    }
    const [begun, key = ""] = m;
    const value = bare(line.slice(begun.length));
    if (key === "mx") {
      const pattern = mxPattern(value);
      if (pattern === null) return null;
      if (mx.length < MAX_MX) mx.push(pattern);
    } else if (!first.has(key)) first.set(key, value);
  }
  const mode = first.get("mode");
  const age = first.get("max_age") ?? "";
  if (first.get("version") !== "STSv1" || !/^[0-9]{1,10}$/.test(age)) return null;
  if (mode !== "enforce" && mode !== "testing" && mode !== "none") return null;
  if (mode !== "none" && mx.length === 0) return null;
  return { mode, mx, maxAgeSeconds: Math.min(Number(age), MAX_AGE) };
};

const mxPattern = (value: string): string | null => {
  const wild = value.startsWith("*.");
  const name = isAscii(value) ? parseDomainName(wild ? value.slice(2) : value) : null;
  return name === null ? null : wild ? `*.${name.ascii}` : name.ascii;
};

/** `*` matches exactly one label, the left-most. RFC 8461 §4.1 */
export const stsCovers = (mx: ReadonlyArray<string>, host: string): boolean => {
  const name = host.toLowerCase().replace(/\.$/, "");
  const dot = name.indexOf(".");
  return mx.some((p) =>
    p === name || (dot > 0 && p.startsWith("*.") && p.slice(1) === name.slice(dot))
  );
};

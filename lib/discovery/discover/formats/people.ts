/** The result for people: a table, and every attempt with its outcome. OUT-1, OUT-2 */
import type { Attempt, DiscoverResult, FoundService } from "../result.ts";

const place = (s: FoundService): string => s.url ?? `${s.host}:${s.port}`;

const row = (s: FoundService): ReadonlyArray<string> => [
  s.kind,
  place(s),
  s.tls,
  s.username.value === null
    ? "-"
    : `${s.username.value}${s.username.source === "default" ? " (guess)" : ""}`,
  s.auth.length === 0 ? "-" : s.auth.join(","),
  s.trust,
  [...new Set(s.sources.map((x) => x.method))].join(","),
  noteOf(s),
];

const noteOf = (s: FoundService): string => {
  const seen = s.probe === null
    ? []
    : [s.probe.state === "tls-ok" ? "answers" : `${s.probe.state}: ${s.probe.reason}`];
  const why = s.rejected === null ? [] : [`not used: ${s.rejected}`];
  return [...why, ...s.confirm.map((c) => c.reason), ...seen].join(", ");
};

const HEAD = ["SERVICE", "WHERE", "TLS", "USER", "AUTH", "TRUST", "FROM", ""] as const;

/** Columns as wide as they need to be; nothing is cut. SEC-9 */
const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((r) => (r[i] ?? "").length)));
  return rows.map((r) => r.map((c, i) => c.padEnd(widths[i] ?? 0)).join("  ").trimEnd());
};

const VERDICTS: Readonly<Record<DiscoverResult["verdict"], string>> = {
  ok: "found",
  confirm: "found, and to be confirmed",
  partial: "found in part: there is nothing to read from, or nothing to send through",
  none: "nothing found",
  tempfail: "not known: something did not answer, or not as it should; try again later",
};

/** What stands before a tool that prints text of others: no control character reaches the terminal. */
export const tame = (text: string): string => text.replace(/\p{Cc}/gu, "?");

export const tableLines = (r: DiscoverResult): ReadonlyArray<string> =>
  [
    ...(r.services.length === 0 ? [] : table([HEAD, ...r.services.map(row)])),
    ...(r.absent.length === 0 ? [] : [`not offered, says the owner: ${r.absent.join(" ")}`]),
    ...r.conflicts.map((c) => `sources differ on ${c.kind}: ${c.chosen} is used, not ${c.other}`),
    ...r.warnings.map((w) => `${w.code}: ${w.detail}`),
    `${r.email ?? r.domain}: ${VERDICTS[r.verdict]}`,
  ].map(tame);

export const attemptLine = (a: Attempt): string =>
  tame(
    `${a.method.padEnd(10)} ${a.target}  ${a.outcome}${
      a.detail === null ? "" : ` (${a.detail})`
    }  ${a.ms.toFixed(1)} ms`,
  );

export const explainLines = (r: DiscoverResult): ReadonlyArray<string> => [
  ...r.attempts.map(attemptLine),
  ...r.services.filter((s) => s.rank > 0 || s.rejected !== null).map((s) =>
    tame(
      `${s.kind} ${place(s)} is not the one: ${
        s.rejected ?? `ranked ${s.rank + 1} by ${s.sources[0]?.method ?? "nobody"}`
      }`,
    )
  ),
];

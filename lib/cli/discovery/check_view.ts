/** A check for people: each line begins with its status, and shows the expected and the actual value. */
import type { ClientOutcome } from "../../discovery/check/clients/profile.ts";
import type { Change, CheckReport, Finding } from "../../discovery/check/report.ts";
import { tame } from "../../discovery/discover/formats/people.ts";

const WORDS: Readonly<Record<Finding["status"], string>> = {
  pass: "right",
  info: "note",
  missing: "MISSING",
  drift: "WRONG",
  extra: "EXTRA",
  conflict: "CONFLICT",
  shadowed: "SHADOWED",
  pending: "PENDING",
  unknown: "UNKNOWN",
};

const WIDTH = 9;

const headline = (f: Finding): string =>
  `${WORDS[f.status].padEnd(WIDTH)} ${f.subject} ${f.type}${
    f.detail === "" ? "" : `: ${f.detail}`
  }`;

const values = (f: Finding): ReadonlyArray<string> =>
  f.status === "pass" ? [] : [
    ...f.expected.map((e) => `${" ".repeat(WIDTH)}   expected ${e}`),
    ...f.found.map((x) => `${" ".repeat(WIDTH)}   found    ${x}`),
    ...f.remedy === undefined ? [] : [`${" ".repeat(WIDTH)}   remedy   ${f.remedy}`],
  ];

export const findingLines = (f: Finding): ReadonlyArray<string> =>
  [headline(f), ...values(f)].map(tame);

export const clientLines = (c: ClientOutcome): ReadonlyArray<string> =>
  [
    `${c.client} (${c.version}): ${c.method ?? "nothing"}`,
    ...(c.incoming === null ? [] : [`  reads  ${c.incoming}`]),
    ...(c.outgoing === null ? [] : [`  sends  ${c.outgoing}`]),
    ...c.problems.map((p) => `  note   ${p}`),
  ].map(tame);

export const reportLines = (r: CheckReport): ReadonlyArray<string> => {
  const wrong = r.findings.filter((f) => f.status !== "pass" && f.status !== "info").length;
  return [
    ...r.servers.map((s) =>
      tame(`name server ${s.name} [${s.address}]: zone ${s.zone}, serial ${s.serial ?? "unknown"}`)
    ),
    ...r.findings.flatMap(findingLines),
    ...r.clients.flatMap(clientLines),
    wrong === 0
      ? `${r.domain}: all ${r.findings.length} right`
      : `${r.domain}: ${wrong} of ${r.findings.length} to look at`,
  ];
};

/** One line of a watch: an alarm, or that something is well again. */
export const changeLines = (at: string, c: Change): ReadonlyArray<string> => {
  const good = c.now.status === "pass" || c.now.status === "info";
  const [first = "", ...rest] = findingLines(c.now);
  return [`${at} ${good ? "well again" : "ALARM"} ${first}`, ...rest];
};

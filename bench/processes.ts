/** CPU and memory of a process with all its children, from /proc, read by `cat`: Deno itself may not. */

const TICKS = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** Seconds, with those of children that were waited for. */
  readonly cpu: number;
}

const read = (script: string): string =>
  new TextDecoder().decode(
    new Deno.Command("sh", { args: ["-c", script], stderr: "null" }).outputSync().stdout,
  );

const statOf = (line: string): Stat => {
  const rest = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(rest[i]), 0);
  return { pid: Number.parseInt(line), parent: Number(rest[1]), cpu: ticks / TICKS };
};

const family = (root: number): ReadonlyArray<Stat> => {
  const all = read("cat /proc/[0-9]*/stat").split("\n").filter((l) => l.includes(")")).map(statOf);
  const members = new Set([root]);
  for (let grown = true; grown;) {
    grown = false;
    for (const s of all) {
      if (!members.has(s.pid) && members.has(s.parent)) {
        members.add(s.pid);
        grown = true;
      }
    }
  }
  return all.filter((s) => members.has(s.pid));
};

/** CPU seconds used so far by `pid` and everything below it. */
export const cpuOf = (pid: number): number => family(pid).reduce((sum, s) => sum + s.cpu, 0);

/** Memory in MB, shared pages counted by share (PSS). */
export const memoryOf = (pid: number): number => {
  const files = family(pid).map((s) => `/proc/${s.pid}/smaps_rollup`).join(" ");
  const kb = [...read(`cat ${files}`).matchAll(/^Pss:\s+(\d+)/gm)].reduce(
    (sum, m) => sum + Number(m[1]),
    0,
  );
  return kb / 1024;
};

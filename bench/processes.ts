/** CPU and memory of a process with all its children, from /proc. */

const TICKS = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** Seconds, with those of children that were waited for. */
  readonly cpu: number;
}

const statOf = (pid: string): Stat | null => {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const rest = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(rest[i]), 0);
    return { pid: Number(pid), parent: Number(rest[1]), cpu: ticks / TICKS };
  } catch {
    return null;
  }
};

const family = (root: number): ReadonlyArray<Stat> => {
  const all: Array<Stat> = [];
  for (const e of Deno.readDirSync("/proc")) {
    const s = /^\d+$/.test(e.name) ? statOf(e.name) : null;
    if (s !== null) all.push(s);
  }
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

/** Resident memory in MB, shared pages counted once a process (PSS). */
export const memoryOf = (pid: number): number => {
  let kb = 0;
  for (const { pid: member } of family(pid)) {
    try {
      kb += Number(
        /^Pss:\s+(\d+)/m.exec(Deno.readTextFileSync(`/proc/${member}/smaps_rollup`))?.[1] ?? 0,
      );
    } catch {
      // it ended meanwhile
    }
  }
  return kb / 1024;
};

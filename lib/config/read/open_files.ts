/** Whether the files that the system lets a process open are enough for the connections of `[limits]`. */
import { filesToHave } from "../../net/open_files.ts";
import { type Problem } from "../config.ts";
import { problemAt, type Source } from "./problems.ts";

/** For the databases, the relay's connections, filters, and for saying 421 to those that are one too many. */
const RESERVE = 100;
/** Of a system that gives hardly any, this share is for connections. */
const LEAST_SHARE = 0.5;

export interface Room {
  /** Connections that fit, at most those asked for. */
  readonly connections: number;
  /** Null where all fit. */
  readonly warning: Problem | null;
}

/** `outgoing`: connections of the relay. Opens as many files as would be needed, and closes them again. */
export const roomFor = (source: Source, connections: number, outgoing: number): Room => {
  const reserve = RESERVE + outgoing;
  const wanted = connections + reserve;
  const files = filesToHave(wanted);
  if (files >= wanted) return { connections, warning: null };
  const fit = Math.max(1, files - reserve, Math.floor(files * LEAST_SHARE));
  return {
    connections: Math.min(connections, fit),
    warning: problemAt(
      source,
      ["limits", "connections"],
      `the system lets a process open ${files} more files, and ${connections} connections need ${wanted}: ` +
        `only ${Math.min(connections, fit)} are taken at once. Raise LimitNOFILE of the service ` +
        `(ulimit -n where it is started by hand), or lower limits.connections`,
    ),
  };
};

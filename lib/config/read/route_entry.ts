/** A `[[route]]` as it is in the file. */
import type { TlsLevel } from "../../ports/routes.ts";

/** As the file writes it. */
export type TlsWord = TlsLevel | "may" | "verify";

/** A route as the file has it, each value valid for itself. */
export interface RouteEntry {
  readonly to: string;
  readonly from?: ReadonlyArray<string> | undefined;
  readonly account?: ReadonlyArray<string> | undefined;
  readonly min_size?: number | undefined;
  readonly max_size?: number | undefined;
  readonly min_priority?: number | undefined;
  readonly max_priority?: number | undefined;
  readonly via: string | ReadonlyArray<string>;
  readonly weights?: ReadonlyArray<number> | undefined;
  readonly tls?: TlsWord | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly password_file?: string | undefined;
  readonly durability?: "spool" | "replicated" | "next_hop" | undefined;
  readonly forward_login?: boolean | undefined;
  readonly ca?: string | undefined;
  readonly connections?: number | undefined;
  readonly messages_per_minute?: number | undefined;
}

/** `report(key, message)`: `key` is one of the entry's. */
export type Report = (key: keyof RouteEntry, message: string) => void;

/** Every format by the name that `--format` takes. */
import { autoconfigXml } from "./as_offer.ts";
import type { Format } from "./settings.ts";
import { aerc, env, git, himalaya, isync, msmtp, mutt } from "./tools.ts";

/** Prints a result as the configuration of a tool, by the tool's name; no format holds a password. */
export const TOOL_FORMATS = {
  env,
  msmtp,
  mutt,
  neomutt: mutt,
  aerc,
  himalaya,
  isync,
  "git-send-email": git,
  "autoconfig-xml": autoconfigXml,
} as const satisfies Readonly<Record<string, Format>>;

/** The name of a format of {@link TOOL_FORMATS}. */
export type ToolFormat = keyof typeof TOOL_FORMATS;
export const TOOL_FORMAT_NAMES = Object.keys(TOOL_FORMATS) as ReadonlyArray<ToolFormat>;

/** The root command, and the flag that all commands share. */
import { Command, Flag } from "effect/cli";

export const root = Command.make("postern").pipe(
  Command.withDescription("Mail submission server (RFC 6409)"),
  Command.withSharedFlags({
    config: Flag.String("config").pipe(
      Flag.withAlias("c"),
      Flag.optional,
      Flag.withDescription(
        "Configuration file; default: ./postern.toml, then ./data/postern.toml",
      ),
    ),
  }),
);

/** `--json` of the commands that answer something. */
export const json = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Print JSON"),
);

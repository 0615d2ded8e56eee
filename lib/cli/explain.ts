/** `postern explain`: being written. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import type { Policies } from "../stages/policy.ts";

export const explainCommand = (_policies: Policies) =>
  Command.make("explain", {}, () => Effect.void);

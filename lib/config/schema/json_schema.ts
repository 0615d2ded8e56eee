/** The schema for editors, from the same source as the checks. */
import { z } from "zod";
import { configFile } from "./schema.ts";

/** JSON Schema 2020-12 of the configuration file, with a description at every key. */
export const configSchema = (): Readonly<Record<string, unknown>> => ({
  title: "Postern configuration",
  ...z.toJSONSchema(configFile, { io: "input", unrepresentable: "any" }),
});

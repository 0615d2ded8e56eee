/** The version, from the one place that has it. */
import meta from "../../deno.json" with { type: "json" };

export const VERSION: string = meta.version;

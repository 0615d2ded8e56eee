/** Events as JSON lines at the end of a file; the file may be rotated at any time. */
import type { Listener } from "./event_dispatcher.ts";

export const eventLog = (path: string): Listener => ({
  name: "log",
  most: 1_000,
  tell: async ({ events }) => {
    try {
      const text = events.map((e) => `${e}\n`).join("");
      await Deno.writeTextFile(path, text, { append: true, mode: 0o600 });
      return null;
    } catch (e) {
      return `${path}: ${e instanceof Error ? e.message : String(e)}`;
    }
  },
});

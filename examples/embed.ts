// deno-lint-ignore-file no-console -- it reports on the terminal
/**
 * A submission server inside another program, with a sender right and a route of its own, and a callback for each
 * accepted message: `deno run --allow-net --allow-read --allow-write examples/embed.ts postern.toml`.
 */
import { Console, Effect, Fiber } from "effect";
import { defaultPolicies, loadConfig, type Policies, serve } from "@postern/postern";

const policies: Policies = {
  ...defaultPolicies,
  rights: (settings) => { // whoever signs in may also send as the robot of this program
    const usual = defaultPolicies.rights(settings);
    const robot = { granted: true, rule: "robot" } as const;
    return { ...usual, as: (a, m, c) => m.local === "robot" ? robot : usual.as(a, m, c) };
  },
  routes: (table) => { // mail to this name goes into a directory; all other mail as configured
    const usual = defaultPolicies.routes(table);
    const archive = { pattern: "archive", hop: { _tag: "Maildir", path: "archive" } } as const;
    return (to, message, tell) =>
      to.domain.text === "archive.example" ? archive : usual(to, message, tell);
  },
};
const config = await Effect.runPromise(loadConfig(Deno.args[0] ?? "postern.toml"));
const server = Effect.runFork(serve({
  config,
  policies,
  ready: ({ submissions }) => Console.log(`ready on port ${submissions[0]?.port}`),
  onAccepted: ({ id, account, messageId }) =>
    console.log(`${account.id} sent ${messageId} (${id})`),
}));
Deno.addSignalListener("SIGTERM", () => Effect.runFork(Fiber.interrupt(server)));

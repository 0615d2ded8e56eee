/** Tells the log when a database that is open is not the one that its name leads to any more. */
import { Duration, Effect } from "effect";
import { SameFile } from "./same_file.ts";

const LOOK = Duration.seconds(5);
/** Told once more after so many looks. */
const AGAIN = 12;

/** Looks as long as the scope is open. `cost`: what goes wrong meanwhile, for the log. */
export const watchDatabase = (path: string, cost: string): Effect.Effect<never> =>
  Effect.suspend(() => {
    const file = new SameFile(path);
    let looks = 0;
    const look = Effect.suspend(() => {
      const why = file.lost();
      if (why === null) {
        const back = looks > 0;
        looks = 0;
        return back ? Effect.logInfo("A database is in its place again", { path }) : Effect.void;
      }
      return looks++ % AGAIN === 0
        ? Effect.logError("A database is not in its place", {
          why,
          cost,
          todo: "put it back under its name, or restart the server on what stands there now",
        })
        : Effect.void;
    });
    return Effect.forever(Effect.andThen(look, Effect.sleep(LOOK)));
  });

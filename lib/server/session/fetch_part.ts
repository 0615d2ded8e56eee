/** Fetches the part that a BURL names while its session waits. RFC 4468 §3.5 */
import { type Context, Effect, Exit } from "effect";
import {
  type FetchFault,
  type FetchRequest,
  type FetchSink,
  UrlFetcher,
} from "../../ports/url_fetcher.ts";
import * as say from "../../reply/catalog.ts";
import type { Reply } from "../../reply/reply.ts";

/** RFC 4468 §6, errata 895 and 896 */
const REPLIES: Readonly<Record<FetchFault, Reply>> = {
  "unreachable": say.BURL_SERVER_DOWN,
  "no trust": say.BURL_NO_TRUST,
  "refused": say.BURL_NOT_FETCHED,
  "too big": say.BURL_TOO_BIG,
};

/** Begins; `done` gets null once all octets are with the sink. Returns how to give up. */
export type FetchPart = (
  session: string,
  request: FetchRequest,
  sink: FetchSink,
  done: (refusal: Reply | null) => void,
) => () => void;

export const makeFetchPart = (services: Context.Context<UrlFetcher>): FetchPart => {
  const runFork = Effect.runForkWith(services);
  return (session, request, sink, done) => {
    const { origin } = request;
    const fetching = UrlFetcher.use((f) => f.fetch(request, sink)).pipe(
      Effect.as(null),
      Effect.catch((e) =>
        Effect.as(
          Effect.logWarning("part of a message not fetched", {
            session,
            origin,
            fault: e.fault,
            reason: e.reason,
          }),
          REPLIES[e.fault],
        )
      ),
    );
    const fiber = runFork(fetching);
    fiber.addObserver((exit) => done(Exit.isSuccess(exit) ? exit.value : say.LOCAL_ERROR));
    return () => fiber.interruptUnsafe();
  };
};

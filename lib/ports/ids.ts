/** Identifiers; a service so that a test can fix them. */
import { Context } from "effect";

export class Ids extends Context.Service<Ids, {
  /** Queue id: short, unique, sorts by time, `[0-9A-Za-z]+`. */
  readonly queueId: () => string;
  /** Left side of a Message-ID: 128 random bits as dot-atom text; says nothing of user, host or time. */
  readonly messageIdLeft: () => string;
}>()("postern/Ids") {}

/** Identifiers; a service so that a test can fix them. */
import { Context } from "effect";

export interface IdsService {
  /** Queue id: short, unique, sorts by time, `[0-9A-Za-z]+`. */
  readonly queueId: () => string;
  /** Left side of a Message-ID: 128 random bits as dot-atom text; says nothing of user, host or time. */
  readonly messageIdLeft: () => string;
}

const IdsBase: Context.ServiceClass<Ids, "postern/Ids", IdsService> = Context.Service<
  Ids,
  IdsService
>()("postern/Ids");

/** The key under which an Effect asks for {@link IdsService}. */
export class Ids extends IdsBase {}

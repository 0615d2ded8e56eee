/** The class behind a tagged error, by a name that its declaration can state. */
import type { Data } from "effect";

/**
 * What `Data.TaggedError(tag)` makes. An exported class states its super class through a constant of this type, since
 * a call in an `extends` clause has no type that a declaration file can be written from ("slow type").
 */
export type TaggedErrorClass<Tag extends string> = ReturnType<typeof Data.TaggedError<Tag>>;

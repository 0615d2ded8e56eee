/** Reads messages of the worker of a site's policy: each is validated before use. */

export type Said =
  | { readonly _tag: "Loaded" }
  | { readonly _tag: "Unfit"; readonly why: string }
  /** `answer`: read as JSON, not yet as a decision. */
  | { readonly _tag: "Answered"; readonly number: number; readonly answer: unknown }
  | { readonly _tag: "Threw"; readonly number: number; readonly threw: string };

/** Longer texts are cut before anybody looks at them. */
const MAX_TEXT = 4_000;
/** A longer answer is none of the driver's. */
const MAX_ANSWER = 200_000;

/** Null where it is nothing that the driver says. */
export const readSaid = (data: unknown): Said | null => {
  if (typeof data !== "object" || data === null) return null;
  const { loaded, unfit, number, answer, threw }: Readonly<Record<string, unknown>> = { ...data };
  if (loaded === true) return { _tag: "Loaded" };
  if (typeof unfit === "string") return { _tag: "Unfit", why: unfit.slice(0, MAX_TEXT) };
  if (typeof number !== "number") return null;
  if (typeof threw === "string") {
    return { _tag: "Threw", number, threw: threw.slice(0, MAX_TEXT) };
  }
  return typeof answer === "string" && answer.length <= MAX_ANSWER
    ? answered(number, answer)
    : null;
};

const answered = (number: number, json: string): Said | null => {
  try {
    return { _tag: "Answered", number, answer: JSON.parse(json) };
  } catch {
    return null;
  }
};

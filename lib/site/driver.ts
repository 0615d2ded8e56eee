/**
 * What runs in the worker beside a site's policy, as source text.
 *
 * `GUARD` comes before the policy: it removes everything that could load a module or evaluate text, and every
 * channel to the server other than the driver. The driver calls the policy and answers in JSON of bounded size: a
 * large answer is cut in the worker, not in the memory of the server.
 */

/** Of one decision; readDecision allows far less. */
const MAX_VALUES = 2_000;
const MAX_TEXT = 20_000;
const MAX_SAID = 4_000;

export const GUARD = `
export const say = self.postMessage.bind(self);
for (const name of [
  "postMessage", "close", "Worker", "BroadcastChannel", "process", "eval", "Function",
]) delete globalThis[name];
for (const f of [function () {}, async function () {}, function* () {}, async function* () {}]) {
  Object.defineProperty(Object.getPrototypeOf(f), "constructor", { value: undefined });
}
Object.freeze(String.prototype);
const { stringify } = JSON;
const { String: text, Error: Fault } = globalThis;
const { isArray } = Array;
export const encode = (answer) => {
  if (answer === undefined || answer === null) return "null";
  if (typeof answer !== "object") throw new Fault("answered a " + typeof answer + ", not a decision");
  if (typeof answer.then === "function") throw new Fault("answered a promise, not a decision");
  let values = 0;
  const json = stringify(answer, (_, value) => {
    if (++values > ${MAX_VALUES} || (isArray(value) && value.length > ${MAX_VALUES})) {
      throw new Fault("answered more than ${MAX_VALUES} values");
    }
    if (typeof value === "string" && value.length > ${MAX_TEXT}) return value.slice(0, ${MAX_TEXT});
    return typeof value === "function" || typeof value === "symbol" ? null : value;
  });
  if (typeof json !== "string" || json === "null") throw new Fault("answered no decision");
  if (json.length > 4 * ${MAX_TEXT}) throw new Fault("answered more than ${
  4 * MAX_TEXT
} characters");
  return json;
};
export const told = (e) => {
  try {
    const stack = e instanceof Fault ? e.stack : null;
    return (typeof stack === "string" && stack !== "" ? stack : text(e)).slice(0, ${MAX_SAID});
  } catch {
    return "threw something that cannot be printed";
  }
};
`;

/** `guard` and `policy`: URLs. */
export const driver = (guard: string, policy: string): string => `
import { encode, say, told } from ${JSON.stringify(guard)};
import * as site from ${JSON.stringify(policy)};
const decide = site.default;
if (typeof decide !== "function") say({ unfit: "has no default export that is a function" });
else {
  self.onmessage = ({ data: { number, facts } }) => {
    try {
      say({ number, answer: encode(decide(facts)) });
    } catch (e) {
      say({ number, threw: told(e) });
    }
  };
  say({ loaded: true });
}
`;

/** The trail as it is stored beside a message. */
import type { Trail } from "../trail.ts";

/** Raised when the shape of what is stored changes. */
const VERSION = 1;

export const trailRecord = (trail: Trail): string => JSON.stringify({ version: VERSION, trail });

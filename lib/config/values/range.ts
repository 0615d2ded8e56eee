/** Numbers with bounds, whose errors name both bounds. */
import { z } from "zod";

/** A whole number with default, least and greatest value. */
export const count = (fallback: number, min: number, max: number, description: string) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error }).default(fallback)
    .describe(description);
};

/** A number, perhaps with a fraction, with default, least and greatest value. */
export const span = (fallback: number, min: number, max: number, description: string) => {
  const error = `must be a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error }).default(fallback)
    .describe(description);
};

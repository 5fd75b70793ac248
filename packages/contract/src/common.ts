import { z } from 'zod';

/** RFC 9457. `detail` says what was expected, what came, and what to do. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  /** Where in the search text the fault lies, when the fault is in a search. */
  position: z.object({ from: z.number(), to: z.number() }).optional(),
  /** Faults by field, when the fault is in a form. */
  fields: z.record(z.string(), z.string()).optional(),
});
export type Problem = z.infer<typeof problem>;

/** Milliseconds since the epoch, as they stand in URLs. */
export const epochMs = z.coerce.number().int().min(0).max(8_640_000_000_000_000);

/** A range that ends now: a number of minutes, hours, days, weeks or years, such as `6h`. */
export const relativeRange = z.string().regex(/^[1-9]\d{0,5}[mhdwy]$/, 'expected a length such as 15m, 6h, 7d or 1y');

/** Scope and time range that follow a person from page to page. Empty strings mean "all". */
export const scopeQuery = z.object({
  from: epochMs,
  to: epochMs,
  environment: z.string().max(200).default(''),
  site: z.string().max(200).default(''),
  service: z.string().max(200).default(''),
});

export const page = {
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(500).default(''),
};

export const done = z.object({ done: z.literal(true) });

/** `at`: bucket start, ms. */
export const point = z.object({ at: z.number(), value: z.number() });
export const severities = z.enum(['', 'trace', 'debug', 'info', 'warn', 'error', 'fatal']);
export const attributes = z.record(z.string(), z.string());

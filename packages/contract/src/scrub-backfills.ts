import { z } from 'zod';
import { endpoint } from './endpoint.ts';

const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'a day as 2026-10-01')
  .refine((text) => new Date(text).toISOString().startsWith(text), 'there is no such day');

const count = z.object({
  /** `logs`, `spans`, `errors`, `restored logs`, … */
  signal: z.string(),
  rule: z.string(),
  service: z.string(),
  site: z.string(),
  removed: z.number(),
});

/** A run of the scrubber over what is stored, or a preview of one. */
export const scrubBackfill = z.object({
  id: z.string(),
  kind: z.enum(['preview', 'run']),
  fromDay: z.string(),
  toDay: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'stopped', 'failed']),
  /** It ends after the batch that is under way. */
  stopping: z.boolean(),
  requestedBy: z.string(),
  requestedAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  detail: z.string(),
  /** Rows there are, looked at, changed, and left because of a legal hold. */
  rowsAll: z.number(),
  rowsSeen: z.number(),
  rowsChanged: z.number(),
  rowsHeld: z.number(),
  /** The greatest first, never values. */
  counts: z.array(count),
  /** Texts around what was found, as they become; of a preview alone. */
  examples: z.array(z.object({ signal: z.string(), rule: z.string(), text: z.string() })),
  /** What holds personal data and cannot be rewritten, by kind, in words. */
  stays: z.array(z.object({ what: z.string(), n: z.number() })),
  /** Days of receipt whose archived files hold logs as they were before: they are never changed. */
  archivedDays: z.array(z.object({ day: z.string(), rows: z.number() })),
});

export const listScrubBackfills = endpoint({
  method: 'GET',
  path: '/api/v1/personal-data/backfills',
  summary: 'Runs of the scrubber over what is stored, the newest first',
  permission: 'admin',
  reply: z.object({ backfills: z.array(scrubBackfill) }),
});
export const startScrubBackfill = endpoint({
  method: 'POST',
  path: '/api/v1/personal-data/backfills',
  summary: 'Scrub what is stored of some days by the rules that hold now, or preview it; one at a time',
  permission: 'admin',
  body: z
    .object({ kind: z.enum(['preview', 'run']), fromDay: day, toDay: day })
    .refine(({ fromDay, toDay }) => fromDay <= toDay, { path: ['toDay'], message: 'lies before the first day' })
    .refine(({ fromDay, toDay }) => Date.parse(toDay) - Date.parse(fromDay) <= 400 * 86_400_000, {
      path: ['toDay'],
      message: 'at most 400 days at a time',
    }),
  reply: scrubBackfill,
});
const params = z.object({ id: z.string().max(100) });
export const stopScrubBackfill = endpoint({
  method: 'POST',
  path: '/api/v1/personal-data/backfills/:id/stop',
  summary: 'Stop it after the batch that is under way; it can go on later',
  permission: 'admin',
  params,
  reply: scrubBackfill,
});
export const resumeScrubBackfill = endpoint({
  method: 'POST',
  path: '/api/v1/personal-data/backfills/:id/resume',
  summary: 'Let one that was stopped go on where it stood',
  permission: 'admin',
  params,
  reply: scrubBackfill,
});

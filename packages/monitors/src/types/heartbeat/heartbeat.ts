import { z } from 'zod';
import { parseCron } from '../../cron/cron.ts';
import { defineMonitorType } from '../../monitor-type.ts';

const settings = z
  .object({
    /** How much later than its period it may come. */
    graceMs: z
      .number()
      .int()
      .min(0, 'at least 0')
      .max(31 * 86_400_000, 'at most 31 days')
      .default(300_000),
    /** How long it may take from `/start` to its end; 0: not watched. */
    maxRunMs: z
      .number()
      .int()
      .min(0)
      .max(31 * 86_400_000, 'at most 31 days')
      .default(0),
    /** So many missed or failed runs in a row make it down, and so many good ones up again. */
    downAfter: z.number().int().min(1, 'at least 1').max(720, 'at most 720').default(1),
    upAfter: z.number().int().min(1, 'at least 1').max(720, 'at most 720').default(1),
    /** When it is due, as crontab(5) writes it; '' where it comes every so often. */
    cron: z.string().max(200, 'at most 200 characters').default(''),
    /** Whose clock the schedule is read by. */
    timeZone: z.string().max(64, 'at most 64 characters').default('UTC'),
  })
  .superRefine(({ cron, timeZone }, context) => {
    const read = cron === '' ? undefined : parseCron(cron, timeZone);
    if (read && !read.ok) context.addIssue({ code: 'custom', path: ['cron'], message: read.error });
  });
export type HeartbeatSettings = z.output<typeof settings>;

/** Nobody runs it: a job calls an address when it is done, and is late when it does not. */
export const heartbeat = defineMonitorType({
  name: 'heartbeat',
  title: 'Heartbeat',
  settings,
  runsOn: [],
  target: () => 'waits for a call',
  check: undefined,
});

import { z } from 'zod';
import { scopeQuery } from './common.ts';
import { endpoint } from './endpoint.ts';

const held = {
  files: z.number(),
  rows: z.number(),
  bytes: z.number(),
};
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'expected a day such as 2026-10-05');

export const archivedDay = z.object({
  /** Day of receipt in UTC. */
  day: z.string(),
  ...held,
  /** Times of the records themselves, ms; 0 in a day without any. */
  first: z.number(),
  last: z.number(),
});
export type ArchivedDay = z.infer<typeof archivedDay>;

export const listArchivedDays = endpoint({
  method: 'GET',
  path: '/api/v1/archive/days',
  summary: 'Catalogue of the archive: days of receipt, oldest first',
  permission: 'viewer',
  query: z.object({ from: day.optional(), to: day.optional() }),
  reply: z.object({
    /** False where this server archives nothing, or cannot read what it archives. */
    available: z.boolean(),
    days: z.array(archivedDay),
  }),
});

export const listArchivedFiles = endpoint({
  method: 'GET',
  path: '/api/v1/archive/days/:day',
  summary: 'Catalogue of the archive: files of a day, at most 5,000',
  permission: 'viewer',
  params: z.object({ day }),
  reply: z.object({
    files: z.array(
      z.object({
        path: z.string(),
        class: z.string(),
        /** '' for records without one; null where the file holds all sites. */
        site: z.string().nullable(),
        rows: z.number(),
        bytes: z.number(),
        first: z.number(),
        last: z.number(),
      }),
    ),
  }),
});

/** Asks that the read goes on in the archive where the engine's days end; see `archiveCost`. */
export const archiveFlag = { archive: z.enum(['true', 'false']).default('false') };

/** How far a read came that goes into the archive. */
export const archiveReached = z.object({
  /** All between the side of the range where the read begins and this moment has been read, ms. */
  at: z.number(),
  /** True when that is the whole range. */
  done: z.boolean(),
  /** Size of the archived files that were read, bytes. */
  bytes: z.number(),
  /** Why files could not be read, in words, at most ten. */
  missing: z.array(z.string()),
});

export const archiveCost = endpoint({
  method: 'GET',
  path: '/api/v1/logs/archive',
  summary: 'What a search of logs over this range would read from the archive',
  permission: 'viewer',
  query: scopeQuery.extend({ q: z.string().max(4000).default('') }),
  reply: z.object({
    available: z.boolean(),
    /** Records before this moment are read from the archive, ms. */
    hotFrom: z.number(),
    /** Archived days (of receipt) that have files to read. */
    days: z.number(),
    ...held,
    /** By how long the searches before took. */
    estimatedMs: z.number(),
    /** First and last day in the archive; '' without any. */
    firstDay: z.string(),
    lastDay: z.string(),
  }),
});

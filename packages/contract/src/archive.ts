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
    /** First and last of the days that would be read; '' without any. */
    fromDay: z.string(),
    toDay: z.string(),
  }),
});

export const archiveRestore = z.object({
  id: z.string(),
  /** Days of receipt, both included. */
  fromDay: z.string(),
  toDay: z.string(),
  /** '' for any. */
  site: z.string(),
  class: z.string(),
  createdAt: z.number(),
  createdBy: z.string(),
  /** From then on its rows are not found any more, ms. */
  leavesAt: z.number(),
  state: z.enum(['loading', 'ready', 'gone']),
  files: z.number(),
  filesDone: z.number(),
  rows: z.number(),
  /** What went wrong last, in words. */
  detail: z.string(),
});
export type ArchiveRestore = z.infer<typeof archiveRestore>;

export const listArchiveRestores = endpoint({
  method: 'GET',
  path: '/api/v1/archive/restores',
  summary: 'What was brought back from the archive, what is still there first; at most 100',
  permission: 'viewer',
  reply: z.object({ restores: z.array(archiveRestore) }),
});
export const restoreArchive = endpoint({
  method: 'POST',
  path: '/api/v1/archive/restores',
  summary: 'Bring days of the archive back into the engine for some days',
  permission: 'admin',
  body: z
    .object({
      fromDay: day,
      toDay: day,
      site: z.string().max(200).default(''),
      class: z.string().max(40).default(''),
      /** Days until it leaves again. */
      days: z.number().int().min(1).max(90),
    })
    .refine(({ fromDay, toDay }) => fromDay <= toDay, {
      path: ['toDay'],
      message: 'expected a day on or after fromDay',
    }),
  reply: archiveRestore,
});
export const endArchiveRestore = endpoint({
  method: 'DELETE',
  path: '/api/v1/archive/restores/:id',
  summary: 'Let what was restored leave now',
  permission: 'admin',
  params: z.object({ id: z.string().max(100) }),
  reply: archiveRestore,
});

export const archiveReading = z.object({
  /**
   * Questions through the APIs of Loki and Elasticsearch that say nothing of the archive themselves: `reach` into it where their range does, or
   * `stay` in the engine. `archive=on` and `archive=off` in a call decide for that call.
   */
  farQuestions: z.enum(['reach', 'stay']),
});
export const getArchiveReading = endpoint({
  method: 'GET',
  path: '/api/v1/archive/reading',
  summary: 'Which questions read the archive of logs',
  permission: 'viewer',
  reply: archiveReading.extend({
    /** False where this server archives nothing, or cannot read what it archives. */
    available: z.boolean(),
  }),
});
export const saveArchiveReading = endpoint({
  method: 'PUT',
  path: '/api/v1/archive/reading',
  summary: 'Decide which questions read the archive of logs',
  permission: 'admin',
  body: archiveReading,
  reply: archiveReading,
});

export const takenOut = z.object({
  number: z.number(),
  kind: z.enum(['files-deleted', 'keys-destroyed']),
  at: z.number(),
  /** A person, or `Sightline` for what is done by time alone. */
  by: z.string(),
  reason: z.string(),
  /** Of `keys-destroyed`; '' for every class. */
  class: z.string(),
  keys: z.number(),
  /** What cannot be read any more without those keys. */
  unreadable: z.object({ files: z.number(), rows: z.number() }),
  ...held,
  /** First and last day of the deleted files; '' without any. */
  firstDay: z.string(),
  lastDay: z.string(),
  /** Of the whole record with its signature. */
  sha256: z.string(),
  /** What is wrong with it; '' where nothing is: it follows from the one before and, if `checked`, is signed by this installation. */
  fault: z.string(),
  /** False where the process that answers does not know the installation's public key: the signature was not checked. */
  checked: z.boolean(),
});
export type TakenOut = z.infer<typeof takenOut>;

export const listArchiveRecords = endpoint({
  method: 'GET',
  path: '/api/v1/archive/records',
  summary: 'Signed records of files that were deleted and keys that were destroyed, newest first',
  permission: 'admin',
  query: z.object({
    limit: z.coerce.number().int().min(1).max(100).default(50),
    /** Those with a smaller number; `next` of the page before. */
    before: z.coerce.number().int().min(1).max(999_999_999).optional(),
  }),
  reply: z.object({
    /** False where this server has no archive. */
    available: z.boolean(),
    records: z.array(takenOut),
    next: z.number().nullable(),
  }),
});
export const archiveRecordParams = z.object({ number: z.coerce.number().int().min(1).max(999_999_999) });
/** Not JSON: a file. `part=record` is the text that was signed, `signature` its Ed25519 signature (64 bytes), `key` the public key (PEM). */
export const archiveRecordPath = '/api/v1/archive/records/:number';

export const checkToday = endpoint({
  method: 'GET',
  path: '/api/v1/archive/today',
  summary: 'Compare records that are kept for proof with what was signed of them since the last archived day',
  permission: 'admin',
  reply: z.object({
    /** False where this server has no archive. */
    available: z.boolean(),
    /** False where this server does not know the public key: nothing was checked. */
    keyKnown: z.boolean(),
    /** Records that were received before this (ms) are signed; null where none is yet. */
    signedUntil: z.number().nullable(),
    records: z.number(),
    /** Records that came into their table after the last signature: the next one takes them. */
    unsigned: z.number(),
    /** Number and SHA-256 of the newest head; null without any. */
    head: z.object({ number: z.number(), sha256: z.string() }).nullable(),
    cut: z.boolean(),
    faults: z.array(z.string()),
    notes: z.array(z.string()),
  }),
});
/** Not JSON: the texts that are signed, one line each, for `npm run verify -- --records`. */
export const todayRecordsPath = '/api/v1/archive/today/records';

export const checkArchive = endpoint({
  method: 'GET',
  path: '/api/v1/archive/check',
  summary: 'Check days of the archive against their signed manifests, within bounds; a further call goes on',
  permission: 'admin',
  query: z.object({ from: day, through: day }),
  reply: z.object({
    available: z.boolean(),
    /** Faults of manifests, signatures and their chain. */
    faults: z.array(z.string()),
    days: z.array(
      z.object({
        day: z.string(),
        /** When its files were read, ms. */
        at: z.number(),
        faults: z.array(z.string()),
      }),
    ),
    /** Days whose files were not read: a bound ended it before. */
    unread: z.array(z.string()),
  }),
});

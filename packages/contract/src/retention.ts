import { defaultClass, hotDaysAtMost, retentionClassName } from '@sightline/record';
import { z } from 'zod';
import { endpoint } from './endpoint.ts';

const name = z.string().regex(retentionClassName, 'expected small letters, digits, - and _, beginning with a letter');

/** How long logs of one kind are kept, and which those are. */
export const retentionClass = z.object({
  name,
  /** In the search language, over a log; '' takes every record. */
  query: z.string().max(4000),
  /** Days in the engine, by the record's own time. */
  hotDays: z.number().int().min(1).max(hotDaysAtMost),
  /** Days in the archive, by the day of receipt. */
  keepDays: z.number().int().min(1).max(36_500),
});
export type RetentionClass = z.infer<typeof retentionClass>;

/** In order: the first whose query takes a record has it. The last is `default` and takes what is left. */
const orderedClasses = z
  .array(retentionClass)
  .min(1)
  .max(20)
  .refine((all) => new Set(all.map((one) => one.name)).size === all.length, 'each name stands once')
  .refine(
    (all) => all.at(-1)?.name === defaultClass && all.at(-1)?.query === '',
    `the last class is ${defaultClass}, without a query: it takes what is left`,
  );

export const retention = z.object({
  classes: z.array(retentionClass),
  /** Taken out by somebody: what is stored under their names follows their days. */
  retired: z.array(retentionClass),
  /** null: the built-in classes, unchanged. */
  updatedAt: z.number().nullable(),
  updatedBy: z.string(),
});
export type Retention = z.infer<typeof retention>;

export const getRetention = endpoint({
  method: 'GET',
  path: '/api/v1/retention',
  summary: 'Retention classes of logs, in order',
  permission: 'viewer',
  reply: retention,
});
export const saveRetention = endpoint({
  method: 'PUT',
  path: '/api/v1/retention',
  summary: 'Replace the retention classes; what is stored keeps its class',
  permission: 'admin',
  body: z.object({ classes: orderedClasses }),
  reply: retention,
});
export const previewRetention = endpoint({
  method: 'POST',
  path: '/api/v1/retention/preview',
  summary: "How many of yesterday's logs each class would take",
  permission: 'admin',
  body: z.object({
    classes: z
      .array(retentionClass.pick({ name: true, query: true }))
      .min(1)
      .max(20),
  }),
  reply: z.object({
    /** Yesterday in UTC, ms. */
    from: z.number(),
    to: z.number(),
    rows: z.number(),
    classes: z.array(z.object({ name: z.string(), rows: z.number() })),
  }),
});

const held = { rows: z.number(), bytes: z.number() };
export const storedRetention = endpoint({
  method: 'GET',
  path: '/api/v1/retention/stored',
  summary: 'What is kept of each class, in the engine and in the archive, and what left the engine',
  permission: 'viewer',
  reply: z.object({
    /** False where this server archives nothing, or cannot read what it archives. */
    archive: z.boolean(),
    classes: z.array(
      z.object({
        name: z.string(),
        /** `bytes`: on disk, by what a stored log takes on average. */
        hot: z.object(held),
        archived: z.object({ ...held, files: z.number(), firstDay: z.string(), lastDay: z.string() }).nullable(),
      }),
    ),
    /** Newest first, at most 100. */
    deletions: z.array(
      z.object({
        class: z.string(),
        /** Day of the records. */
        day: z.string(),
        rows: z.number(),
        at: z.number(),
        /** False while it is under way or cut off. */
        done: z.boolean(),
      }),
    ),
  }),
});

const holdToPlace = z
  .object({
    name: z.string().trim().min(1).max(100),
    reason: z.string().trim().min(1).max(2000),
    /** In the search language. It narrows what is held in the engine; of the archive whole files are held. */
    query: z.string().max(4000).default(''),
    /** '' and null: any. */
    class: z.union([z.literal(''), name]).default(''),
    site: z.string().max(200).default(''),
    /** Range of the records' own times, ms; `to` excluded. */
    from: z.number().int().min(0).max(8_640_000_000_000_000).nullable().default(null),
    to: z.number().int().min(0).max(8_640_000_000_000_000).nullable().default(null),
  })
  .refine(({ from, to }) => from === null || to === null || from < to, {
    message: 'ends before it begins',
    path: ['to'],
  });

export const legalHold = z.object({
  id: z.string(),
  name: z.string(),
  reason: z.string(),
  query: z.string(),
  class: z.string(),
  site: z.string(),
  from: z.number().nullable(),
  to: z.number().nullable(),
  createdAt: z.number(),
  createdBy: z.string(),
  /** null while it holds. */
  liftedAt: z.number().nullable(),
  liftedBy: z.string(),
  liftReason: z.string(),
});
export type LegalHold = z.infer<typeof legalHold>;

export const listHolds = endpoint({
  method: 'GET',
  path: '/api/v1/retention/holds',
  summary: 'Legal holds: those that hold first, then those that were lifted',
  permission: 'viewer',
  reply: z.object({ holds: z.array(legalHold) }),
});
export const placeHold = endpoint({
  method: 'POST',
  path: '/api/v1/retention/holds',
  summary: 'Keep logs from being deleted until the hold is lifted',
  permission: 'admin',
  body: holdToPlace,
  reply: legalHold,
});
export const liftHold = endpoint({
  method: 'POST',
  path: '/api/v1/retention/holds/:id/lift',
  summary: 'Lift a legal hold; it stays in the list',
  permission: 'admin',
  params: z.object({ id: z.string().max(100) }),
  body: z.object({ reason: z.string().trim().min(1).max(2000) }),
  reply: legalHold,
});

export const evidenceSection = z.object({
  /** Of PCI DSS 4.0.1: `10.2`. */
  requirement: z.string(),
  title: z.string(),
  facts: z.array(z.object({ name: z.string(), value: z.string() })),
  tables: z.array(
    z.object({
      title: z.string(),
      columns: z.array(z.string()),
      rows: z.array(z.array(z.string())),
      /** Rows that are not shown. */
      more: z.number(),
    }),
  ),
  /** What this server cannot tell, in words. */
  unknown: z.array(z.string()),
});
export type EvidenceSection = z.infer<typeof evidenceSection>;
export const evidenceReport = z.object({
  organisation: z.string(),
  /** Days in UTC, both included. */
  from: z.string(),
  through: z.string(),
  writtenAt: z.number(),
  writtenBy: z.string(),
  version: z.string(),
  sections: z.array(evidenceSection),
});
export type EvidenceReport = z.infer<typeof evidenceReport>;

const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'expected a day such as 2026-10-05');
/** At most 400 days. */
export const evidencePeriod = z.object({ from: day, through: day });
export const getEvidence = endpoint({
  method: 'GET',
  path: '/api/v1/retention/evidence',
  summary: 'Evidence for PCI DSS requirement 10, of a period of at most 400 days',
  permission: 'admin',
  query: evidencePeriod,
  reply: evidenceReport,
});

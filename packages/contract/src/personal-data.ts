import { detectors, optionalDetectors, scrubReplacements, untouchedScrubRules } from '@sightline/record';
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { scopeQuery } from './common.ts';

export { optionalDetectors, scrubReplacements };

const field = z.string().trim().min(1).max(200);
const optional = z.enum(optionalDetectors);
const reserved: readonly string[] = [...detectors, 'user', 'all'];

export const customScrubRule = z.object({
  /** It stands in the marker that is left: `<rule:name>`. */
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, 'lower-case letters, digits and hyphens, a letter first, at most 40')
    .refine((name) => !reserved.includes(name), 'a detector has this name'),
  /** RE2's syntax; the engine itself checks it. */
  pattern: z.string().min(1).max(1000),
  /** Fields whose values it looks at; empty: every text. */
  fields: z.array(field).max(50),
  replacement: z.enum(scrubReplacements),
  /** A made-up text in which the pattern finds something: planted each day to prove that the rule works. */
  sample: z.string().max(500).default(''),
});

export const scrubRules = z.object({
  /** Detectors that are switched off. Card numbers, tokens, passwords and secrets cannot be. */
  off: z.array(optional).max(optionalDetectors.length),
  custom: z
    .array(customScrubRule)
    .max(50)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'each name stands once'),
  /** Fields in which these detectors leave things as they are. */
  allow: z
    .array(z.object({ field, detectors: z.array(optional).min(1).max(optionalDetectors.length) }))
    .max(200)
    .refine((all) => new Set(all.map((one) => one.field.toLowerCase())).size === all.length, 'each field stands once'),
  userIds: z.object({
    hash: z.boolean(),
    fields: z.array(field).min(1).max(50),
    rotateDays: z.number().int().min(1).max(365),
  }),
});
export type ScrubRulesDraft = z.infer<typeof scrubRules>;

/** What the form begins with: nothing is changed. */
export const untouchedScrubRulesDraft: ScrubRulesDraft = scrubRules.parse(untouchedScrubRules);

export const keptScrubRules = scrubRules.extend({
  /** From when on what is received is scrubbed by them, ms; null where nobody wrote any. */
  ownSince: z.number().nullable(),
  saltedAt: z.number().nullable(),
  updatedAt: z.number().nullable(),
  updatedBy: z.string(),
});

export const getScrubRules = endpoint({
  method: 'GET',
  path: '/api/v1/personal-data/rules',
  summary: 'How records are scrubbed of personal data',
  permission: 'viewer',
  reply: keptScrubRules,
});
export const saveScrubRules = endpoint({
  method: 'PUT',
  path: '/api/v1/personal-data/rules',
  summary: 'Replace the rules for scrubbing; patterns that the engine refuses are refused',
  permission: 'admin',
  body: scrubRules,
  reply: keptScrubRules,
});
export const renewScrubSalt = endpoint({
  method: 'POST',
  path: '/api/v1/personal-data/salt',
  summary: 'Put a new salt in the place of the one that user ids are hashed with',
  permission: 'admin',
  reply: keptScrubRules,
});

/** One text of what was tried. */
export const triedField = z.object({
  /** Which line or record, from 0. */
  record: z.number(),
  /** `body` for plain text, else the path in the JSON. */
  field: z.string(),
  before: z.string(),
  after: z.string(),
  /** What was found, by the name of the detector or rule. */
  found: z.array(z.object({ rule: z.string(), count: z.number() })),
});
export const tryScrubRules = endpoint({
  method: 'POST',
  path: '/api/v1/personal-data/try',
  summary: 'What rules would scrub of a text: lines, or JSON. Hashes are made with a salt for this try alone',
  permission: 'admin',
  body: z.object({ rules: scrubRules, text: z.string().max(200_000) }),
  reply: z.object({
    fields: z.array(triedField),
    records: z.number(),
    /** True where there was more text than is tried at once. */
    cut: z.boolean(),
  }),
});

export const scrubReportQuery = scopeQuery.pick({ from: true, to: true });
export const scrubReport = endpoint({
  method: 'GET',
  path: '/api/v1/personal-data/report',
  summary: 'What was scrubbed, by detector, service and site: counts, never values',
  permission: 'viewer',
  query: scrubReportQuery,
  reply: z.object({
    rows: z.array(
      z.object({
        rule: z.string(),
        service: z.string(),
        site: z.string(),
        /** `logs`, `spans` or `errors`. */
        signal: z.string(),
        removed: z.number(),
      }),
    ),
    /** True where there are more rows; the export has them. */
    cut: z.boolean(),
    series: z.array(z.object({ rule: z.string(), at: z.number(), removed: z.number() })),
    stepMs: z.number(),
  }),
});
/** The same as CSV; takes `from` and `to`. */
export const scrubReportCsvPath = '/api/v1/personal-data/report.csv';

/** Made-up personal data that was planted, and what was found of it. */
export const scrubCanary = z.object({
  id: z.string(),
  byHand: z.boolean(),
  /** `begun`, `planted`: under way. `clean`: all arrived, nothing was found. `lost`: it did not arrive within an hour. */
  state: z.enum(['begun', 'planted', 'clean', 'found', 'lost']),
  begunAt: z.number(),
  plantedAt: z.number().nullable(),
  checkedAt: z.number().nullable(),
  /** Detectors and rules that were tried. */
  kinds: z.array(z.string()),
  found: z.array(z.object({ signal: z.string(), kind: z.string() })),
});
export const listScrubCanaries = endpoint({
  method: 'GET',
  path: '/api/v1/personal-data/canaries',
  summary: 'Whether planted personal data got through the scrubber, day by day',
  permission: 'viewer',
  reply: z.object({ canaries: z.array(scrubCanary) }),
});
export const plantScrubCanary = endpoint({
  method: 'POST',
  path: '/api/v1/personal-data/canaries',
  summary: 'Plant made-up personal data now',
  permission: 'admin',
  reply: scrubCanary,
});

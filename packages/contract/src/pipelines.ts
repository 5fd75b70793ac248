import { madeMeasures, parseFormats, pipelineBounds, retentionClassName, takenFields } from '@sightline/record';
import { z } from 'zod';
import { attributes } from './common.ts';
import { endpoint } from './endpoint.ts';

const field = z.string().trim().max(200);
const named = field.min(1);
/** In the search language; '' is all. */
const filter = z.string().trim().max(4000);
const when = { when: filter.default('') };

/** One act of a pipeline, in the order in which they are done. */
export const pipelineStep = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('parse'),
    ...when,
    /** A field; '' is the body. */
    from: field.default(''),
    format: z.enum(parseFormats),
    /** Of grok and regex. */
    pattern: z.string().max(pipelineBounds.patternCharacters).default(''),
    /** Put before the names of the attributes that it makes. */
    prefix: z.string().trim().max(60).default(''),
  }),
  z.object({ kind: z.literal('rename'), ...when, from: named, to: named }),
  z.object({ kind: z.literal('set'), ...when, attribute: named, value: z.string().max(2000) }),
  z.object({ kind: z.literal('remove'), ...when, attribute: named }),
  z.object({ kind: z.literal('take'), ...when, field: z.enum(takenFields), from: named }),
  z.object({ kind: z.literal('drop'), ...when }),
  z.object({ kind: z.literal('sample'), ...when, share: z.number().min(0).max(1), by: field.default('') }),
  z.object({
    kind: z.literal('cap'),
    ...when,
    perMinute: z.number().int().min(1).max(10_000_000),
    by: field.default(''),
  }),
  z.object({
    kind: z.literal('route'),
    ...when,
    retentionClass: z.string().regex(retentionClassName, 'a class is named by small letters, digits, - and _'),
  }),
  z.object({
    kind: z.literal('metric'),
    ...when,
    metric: named,
    measure: z.enum(madeMeasures),
    /** The field that is added up or distributed. */
    of: field.default(''),
    labels: z
      .array(named)
      .max(pipelineBounds.labels)
      .refine((all) => new Set(all).size === all.length, 'each label stands once')
      .default([]),
  }),
]);
export type PipelineStepInput = z.infer<typeof pipelineStep>;

export const pipelineInput = z.object({
  /** Kept through renaming and moving: what was let go is counted under it. */
  id: z.string().regex(/^[\w-]{1,60}$/),
  name: z.string().trim().min(1).max(100),
  enabled: z.boolean(),
  filter,
  steps: z.array(pipelineStep).max(pipelineBounds.stepsPerPipeline),
});
export type PipelineInput = z.infer<typeof pipelineInput>;

const list = z
  .array(pipelineInput)
  .max(pipelineBounds.pipelines)
  .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, 'each id stands once')
  .refine(
    (all) => all.reduce((sum, { steps }) => sum + steps.length, 0) <= pipelineBounds.steps,
    `at most ${pipelineBounds.steps} steps in all`,
  );

export const pipelineSet = z.object({
  /** 0: nobody has saved any. To be sent back when they are changed. */
  version: z.number().int(),
  /** They treat what is received from then on, ms. */
  takesEffectAt: z.number().nullable(),
  savedAt: z.number().nullable(),
  savedBy: z.string(),
  pipelines: z.array(pipelineInput),
});

export const getPipelines = endpoint({
  method: 'GET',
  path: '/api/v1/pipelines',
  summary: 'What logs pass through on their way into the store, in order',
  permission: 'viewer',
  reply: pipelineSet,
});
export const savePipelines = endpoint({
  method: 'PUT',
  path: '/api/v1/pipelines',
  summary: 'Replace the list of pipelines; 409 where another has changed it since `version`',
  permission: 'admin',
  body: z.object({ version: z.number().int().min(0), pipelines: list }),
  reply: pipelineSet,
});

export const pipelineCounts = endpoint({
  method: 'GET',
  path: '/api/v1/pipelines/counts',
  summary: 'What pipelines took and let go within the last 24 hours',
  permission: 'viewer',
  reply: z.object({
    from: z.number(),
    to: z.number(),
    rows: z.array(
      z.object({
        pipeline: z.string(),
        /** From 1; 0 is the pipeline itself. */
        step: z.number(),
        /** Taken by the pipeline; not read by a parse step; let go by a step. */
        did: z.enum(['taken', 'unread', 'drop', 'sample', 'cap']),
        records: z.number(),
      }),
    ),
  }),
});

const state = z.object({
  body: z.string(),
  severity: z.string(),
  site: z.string(),
  service: z.string(),
  at: z.number(),
  attributes,
});
export const tryPipeline = endpoint({
  method: 'POST',
  path: '/api/v1/pipelines/try',
  summary: 'What a pipeline would make of lines, pasted or of the last hour; nothing is stored',
  permission: 'viewer',
  body: z.object({
    pipeline: pipelineInput,
    /** Lines as a client would send them; absent: the newest of the last hour that it would take. */
    pasted: z
      .object({
        lines: z.array(z.string().max(20_000)).min(1).max(50),
        site: z.string().max(200).default(''),
        service: z.string().max(200).default(''),
      })
      .optional(),
  }),
  reply: z.object({
    lines: z.array(
      z.object({
        before: state,
        after: state,
        /** False where the filter leaves it alone. */
        taken: z.boolean(),
        /** Step that would let it go, from 1; null where it is kept. */
        endedBy: z.number().nullable(),
        /** Parse steps that did not fit, from 1. */
        unread: z.array(z.number()),
        made: z.array(
          z.object({
            step: z.number(),
            metric: z.string(),
            labels: z.record(z.string(), z.string()),
            value: z.number(),
          }),
        ),
      }),
    ),
  }),
});

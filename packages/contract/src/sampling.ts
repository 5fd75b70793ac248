import { z } from 'zod';
import { endpoint } from './endpoint.ts';

const share = z.number().min(0).max(1);
const minuteMs = 60_000;

/** Which traces are kept. One with a failed span or an error record is, whatever else stands here. */
export const samplingRules = z.object({
  name: z.string().trim().min(1).max(100),
  /** A trace with a span that lasted as long or longer is kept; null: however long. */
  slowMs: z.number().min(1).max(86_400_000).nullable(),
  /** Of traces in which a service takes part; with several such services the greatest share counts. */
  services: z
    .array(z.object({ service: z.string().trim().min(1).max(200), share }))
    .max(200)
    .refine((all) => new Set(all.map(({ service }) => service)).size === all.length, 'each service stands once'),
  /** Of all other traces. */
  share,
  /** A trace is decided when nothing of it has come for so long. */
  waitMs: z
    .number()
    .int()
    .min(5 * minuteMs)
    .max(24 * 60 * minuteMs),
});
export type SamplingRules = z.infer<typeof samplingRules>;

export const samplingPolicy = samplingRules.extend({
  /** Since when it is on, ms; null while all traces are kept. */
  enabledAt: z.number().nullable(),
  updatedAt: z.number().nullable(),
  updatedBy: z.string(),
});

export const getSampling = endpoint({
  method: 'GET',
  path: '/api/v1/sampling',
  summary: 'The sampling policy: which traces are kept',
  permission: 'viewer',
  reply: samplingPolicy,
});
export const saveSampling = endpoint({
  method: 'PUT',
  path: '/api/v1/sampling',
  summary: 'Replace the sampling policy, switch it on or off',
  permission: 'admin',
  body: samplingRules.extend({ enabled: z.boolean() }),
  reply: samplingPolicy,
});

export const samplingPreview = z.object({
  /** The traces that were judged began in this range, ms. */
  from: z.number(),
  to: z.number(),
  /** All traces of the range that are stored, and those that would be kept, by why. Large ranges are estimated from a part. */
  traces: z.number(),
  keptErrors: z.number(),
  keptSlow: z.number(),
  keptShare: z.number(),
  spans: z.number(),
  keptSpans: z.number(),
  /** On disk, by what a stored span takes on average. */
  bytes: z.number(),
  keptBytes: z.number(),
});
export const previewSampling = endpoint({
  method: 'POST',
  path: '/api/v1/sampling/preview',
  summary: 'What a sampling policy would keep of the last hour',
  permission: 'admin',
  body: samplingRules,
  reply: samplingPreview,
});

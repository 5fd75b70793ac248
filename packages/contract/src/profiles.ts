import { z } from 'zod';
import { epochMs, page, scopeQuery } from './common.ts';
import { endpoint } from './endpoint.ts';

/** Stacks of a program, sampled many times a second: of one transaction, or a chunk of a profiler that runs all the time. */
export const profileRow = z.object({
  /** 32 hexadecimal digits. */
  profile: z.string(),
  /** The run that a chunk belongs to; '' for the profile of a transaction. */
  profiler: z.string(),
  kind: z.enum(['transaction', 'chunk']),
  /** Of the first sample. */
  at: z.number(),
  durationMs: z.number(),
  samples: z.number(),
  platform: z.string(),
  transaction: z.string(),
  traceId: z.string(),
  sizeBytes: z.number(),
  site: z.string(),
  service: z.string(),
  environment: z.string(),
  release: z.string(),
});
export type ProfileRow = z.infer<typeof profileRow>;

export const listProfiles = endpoint({
  method: 'GET',
  path: '/api/v1/profiles',
  summary: 'Profiles, newest first',
  permission: 'viewer',
  query: scopeQuery.extend({
    /** A part of the transaction, the service or the release, small and capital letters alike. */
    text: z.string().max(200).default(''),
    /** Only those that were recorded while spans of this trace ran. */
    trace: z
      .string()
      .regex(/^(?:[0-9a-f]{32})?$/)
      .default(''),
    ...page,
  }),
  reply: z.object({ profiles: z.array(profileRow), next: z.string() }),
});

/** A function as it stood on the stack. Empty texts and null where the client did not tell. */
export const profileFrame = z.object({
  function: z.string(),
  file: z.string(),
  module: z.string(),
  line: z.number().nullable(),
  /** Code of the program itself, not of a library or the runtime. */
  inApp: z.boolean(),
  /** The function as the client saw it, where a source map gave the name shown. */
  minified: z.string(),
});
export type ProfileFrame = z.infer<typeof profileFrame>;

export const getProfile = endpoint({
  method: 'GET',
  path: '/api/v1/profiles/:profile',
  summary: 'The samples of one profile, or of the chunks of a profiler in a stretch of time',
  permission: 'viewer',
  /** Id of a profile, or of a profiler. */
  params: z.object({ profile: z.string().regex(/^[0-9a-f]{32}$/) }),
  query: z.object({
    site: z.string().max(200).default(''),
    /** Samples before and after are left out, ms. */
    since: epochMs.default(0),
    until: epochMs.default(8_640_000_000_000_000),
  }),
  reply: z.object({
    /** Of the first file; duration and samples are those answered. */
    profile: profileRow,
    /** Files that were joined, and those that were left out for the bounds. */
    parts: z.number(),
    left: z.number(),
    /** Further samples that were left out for the bounds. */
    samplesLeft: z.number(),
    /** The one that ran the transaction first, then by name. */
    threads: z.array(z.object({ id: z.string(), name: z.string() })),
    frames: z.array(profileFrame),
    /** Positions in `frames`, the outermost call first. */
    stacks: z.array(z.array(z.number())),
    /** Position in `threads`, position in `stacks`, start since `profile.at` and length, microseconds. By thread, in order of time. */
    samples: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
    /** Spans that ran meanwhile and name the profile. */
    spans: z.array(
      z.object({ traceId: z.string(), spanId: z.string(), name: z.string(), at: z.number(), durationMs: z.number() }),
    ),
  }),
});

import { z } from 'zod';
import { page, scopeQuery } from './common.ts';
import { endpoint } from './endpoint.ts';
import { errorRow, issueParams } from './errors.ts';

/** A recorded session of a browser or an app. */
export const replayRow = z.object({
  /** 32 hexadecimal digits. */
  replay: z.string(),
  /** `session`: recorded from its start. `buffer`: the minute before an error and what followed. */
  kind: z.string(),
  startedAt: z.number(),
  /** Of its last message so far. */
  endedAt: z.number(),
  durationMs: z.number(),
  user: z.string(),
  /** In the order of visits, at most a hundred. */
  urls: z.array(z.string()),
  /** How many errors its client told of. */
  errors: z.number(),
  /** Bursts of clicks on one spot, and clicks that nothing answered. */
  rage: z.number(),
  dead: z.number(),
  segments: z.number(),
  platform: z.string(),
  browser: z.string(),
  os: z.string(),
  site: z.string(),
  service: z.string(),
  environment: z.string(),
  release: z.string(),
});
export type ReplayRow = z.infer<typeof replayRow>;

export const listReplays = endpoint({
  method: 'GET',
  path: '/api/v1/replays',
  summary: 'Recorded sessions, newest first',
  permission: 'viewer',
  query: scopeQuery.extend({
    /** A part of the user's id, small and capital letters alike. */
    user: z.string().max(200).default(''),
    /** A part of any address that was visited. */
    url: z.string().max(2000).default(''),
    errors: z.enum(['any', 'with', 'without']).default('any'),
    clicks: z.enum(['any', 'rage', 'dead']).default('any'),
    /** Shortest and longest, seconds. */
    atLeastS: z.coerce.number().min(0).max(1_000_000).default(0),
    atMostS: z.coerce.number().min(0).max(1_000_000).default(1_000_000),
    ...page,
  }),
  reply: z.object({ replays: z.array(replayRow), next: z.string() }),
});

const replayParams = z.object({ replay: z.string().regex(/^[0-9a-f]{32}$/) });
export const replaySegmentParams = replayParams.extend({ segment: z.coerce.number().int().min(0).max(4_294_967_295) });
/** Answers the recorded events of one segment, a JSON array. */
export const replaySegmentPath = '/api/v1/replays/:replay/segments/:segment';

/** Answers the video of one segment of a mobile SDK, MP4; ranges of bytes may be asked for. */
export const replayVideoPath = '/api/v1/replays/:replay/videos/:segment';

export const getReplay = endpoint({
  method: 'GET',
  path: '/api/v1/replays/:replay',
  summary: 'One recorded session: what happened in it, and its segments in order',
  permission: 'viewer',
  params: replayParams,
  reply: z.object({
    replay: replayRow,
    tags: z.record(z.string(), z.string()),
    /** Oldest first, at most 200. */
    errors: z.array(errorRow),
    /** Traces that are kept, in the order of their starts, at most 100. */
    traces: z.array(z.object({ traceId: z.string(), at: z.number(), endedAt: z.number(), name: z.string() })),
    /** Recordings that can be read, in order, at most 1,000. */
    segments: z.array(z.object({ segment: z.number(), sizeBytes: z.number() })),
    /** Segments that were recorded as video, by a mobile SDK. */
    videos: z.number(),
  }),
});

export const getReplayBeside = endpoint({
  method: 'GET',
  path: '/api/v1/replays/:replay/beside',
  summary: 'What servers logged and did meanwhile: logs and spans of the traces of a replay, at most 500 each',
  permission: 'viewer',
  params: replayParams,
  reply: z.object({
    /** In the order of time. Of too many the gravest. */
    logs: z.array(
      z.object({
        id: z.string(),
        at: z.number(),
        severity: z.string(),
        service: z.string(),
        /** Its first 500 characters. */
        body: z.string(),
        traceId: z.string(),
      }),
    ),
    /** In the order of time. Of too many those that failed, and then those that took longest. */
    spans: z.array(
      z.object({
        traceId: z.string(),
        spanId: z.string(),
        at: z.number(),
        durationMs: z.number(),
        name: z.string(),
        service: z.string(),
        status: z.enum(['unset', 'ok', 'error']),
      }),
    ),
    logsLeft: z.number(),
    spansLeft: z.number(),
  }),
});

export const getIssueReplays = endpoint({
  method: 'GET',
  path: '/api/v1/issues/:issue/replays',
  summary: 'Replays in which an error of the issue happened, those that began last first, at most 20',
  permission: 'viewer',
  params: issueParams,
  reply: z.object({
    /** `at`: when the error happened in it, last. */
    replays: z.array(replayRow.extend({ at: z.number() })),
    left: z.number(),
  }),
});

import {
  getIssueReplays,
  getReplay,
  getReplayBeside,
  listReplays,
  replaySegmentParams,
  replaySegmentPath,
  replayVideoPath,
} from '@sightline/contract';
import {
  listReplays as readReplays,
  readIssueReplays,
  readReplay,
  readReplayBeside,
  readReplaySegment,
} from '@sightline/query';
import type { z } from 'zod';
import { scopeOf } from '../read-scope.ts';
import { type CallContext, ProblemReply, refuse, stream, type Route } from '../route.ts';
import { answerRead } from './answer-read.ts';
import { rangeOf } from './byte-range.ts';
import { recordedEvents, segmentLimitBytes } from './recorded-events.ts';
import { reading } from '../store-fault.ts';

const showReplays = answerRead(listReplays, async ({ query }, context) => {
  const { user, url, errors, clicks, atLeastS, atMostS, limit, cursor } = query;
  const asked = { user, url, errors, clicks, atLeastMs: atLeastS * 1000, atMostMs: atMostS * 1000, limit, cursor };
  return (
    (await readReplays(context.deps.store, { scope: scopeOf(query, context), ...asked }, { signal: context.signal })) ??
    refuse(400, 'Bad cursor', 'The cursor is not one that a page before answered; begin again without it.')
  );
});

const showReplay = answerRead(
  getReplay,
  async ({ params }, { deps, caller, signal }) =>
    (await readReplay(deps.store, { organisation: caller.organisation, replay: params.replay }, { signal })) ??
    noReplay(params.replay),
);

const showBeside = answerRead(
  getReplayBeside,
  async ({ params }, { deps, caller, signal }) =>
    (await readReplayBeside(
      deps.store,
      { organisation: caller.organisation, replay: params.replay },
      {},
      { signal },
    )) ?? noReplay(params.replay),
);

const showIssueReplays = answerRead(getIssueReplays, async ({ params }, { deps, caller, signal }) => {
  const merges = await deps.control.issues.merges.list(caller.organisation);
  const merged = new Map(merges.map(({ issue, into }) => [issue, into]));
  const key = { organisation: caller.organisation, issue: params.issue, merged };
  return (
    (await readIssueReplays(deps.store, key, { signal })) ??
    refuse(404, 'No such issue', `There is no issue ${params.issue} in this organisation.`)
  );
});

function noReplay(replay: string): ProblemReply {
  return refuse(
    404,
    'No such replay',
    `There is no replay ${replay} in this organisation, or it is kept no longer (30 days).`,
  );
}

/** What was kept of one segment of a replay, or why it cannot be had, in the words of the call. */
async function segmentBlob(
  { deps, caller, signal }: CallContext,
  { replay, segment: number }: z.output<typeof replaySegmentParams>,
  kind: 'recording' | 'video',
  refusals: { readonly none: () => ProblemReply; readonly tooLarge: () => ProblemReply },
): Promise<Buffer | ProblemReply> {
  const { organisation } = caller;
  const found = await reading(async () =>
    readReplaySegment(deps.store, { organisation, replay, segment: number, kind }, { signal }),
  );
  if (!found || !deps.files) return refusals.none();
  if (!('blob' in found)) return found;
  if (found.sizeBytes > segmentLimitBytes) return refusals.tooLarge();
  return (await deps.files.blobs.read({ organisation, area: 'replays', hash: found.blob })) ?? refusals.none();
}

const segment = stream(
  {
    method: 'GET',
    path: replaySegmentPath,
    permission: 'viewer',
    summary: 'The recorded events of one segment of a replay, as a JSON array',
    params: replaySegmentParams,
  },
  async ({ params }, context, reply) => {
    const none = (): ProblemReply =>
      refuse(
        404,
        'No such segment',
        `Replay ${params.replay} has no segment ${params.segment}, or it is kept no longer.`,
      );
    const unreadable = (why: string): ProblemReply =>
      refuse(422, 'The segment cannot be read', `Segment ${params.segment} was kept as it came, but ${why}.`);
    const content = await segmentBlob(context, params, 'recording', {
      none,
      tooLarge: () => unreadable(`it is larger than ${segmentLimitBytes} bytes`),
    });
    if (content instanceof ProblemReply) return content;
    const events = await recordedEvents(content);
    if (!events.ok) return unreadable(events.error);
    // The bytes come from anyone who knows a DSN: data for the player, never a document of our origin.
    await reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('x-content-type-options', 'nosniff')
      .header('content-security-policy', "default-src 'none'; sandbox")
      .header('cache-control', 'private, no-store')
      .send(events.value);
  },
);

const video = stream(
  {
    method: 'GET',
    path: replayVideoPath,
    permission: 'viewer',
    summary: 'The video of one segment that a mobile SDK recorded',
    params: replaySegmentParams,
  },
  async ({ params }, context, reply) => {
    const content = await segmentBlob(context, params, 'video', {
      none: () =>
        refuse(
          404,
          'No such video',
          `Replay ${params.replay} has no video ${params.segment}, or it is kept no longer.`,
        ),
      tooLarge: () =>
        refuse(422, 'The video is too large', `Video ${params.segment} is larger than ${segmentLimitBytes} bytes.`),
    });
    if (content instanceof ProblemReply) return content;
    const range = rangeOf(reply.request.headers.range, content.length);
    await reply
      .status(range ? 206 : 200)
      .header('content-type', 'video/mp4')
      .header('accept-ranges', 'bytes')
      .header('x-content-type-options', 'nosniff')
      .header('content-security-policy', "default-src 'none'; sandbox")
      .header('cache-control', 'private, no-store')
      .headers(range ? { 'content-range': `bytes ${range.from}-${range.to}/${content.length}` } : {})
      .send(range ? content.subarray(range.from, range.to + 1) : content);
  },
);

/** Recorded sessions: their list, one of them, and its segments one by one, so that the player starts with the first. */
export const replayRoutes: readonly Route[] = [showReplays, showReplay, showBeside, showIssueReplays, segment, video];

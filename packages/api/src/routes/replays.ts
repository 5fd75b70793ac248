import { getReplay, listReplays, replaySegmentParams, replaySegmentPath, replayVideoPath } from '@sightline/contract';
import { listReplays as readReplays, readReplay, readReplaySegment } from '@sightline/query';
import { scopeOf } from '../read-scope.ts';
import { refuse, stream, type ProblemReply, type Route } from '../route.ts';
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
    refuse(
      404,
      'No such replay',
      `There is no replay ${params.replay} in this organisation, or it is kept no longer (30 days).`,
    ),
);

const segment = stream(
  {
    method: 'GET',
    path: replaySegmentPath,
    permission: 'viewer',
    summary: 'The recorded events of one segment of a replay, as a JSON array',
    params: replaySegmentParams,
  },
  async ({ params }, { deps, caller, signal }, reply) => {
    const key = {
      organisation: caller.organisation,
      replay: params.replay,
      segment: params.segment,
      kind: 'recording',
    } as const;
    const none = (): ProblemReply =>
      refuse(
        404,
        'No such segment',
        `Replay ${params.replay} has no segment ${params.segment}, or it is kept no longer.`,
      );
    const unreadable = (why: string): ProblemReply =>
      refuse(422, 'The segment cannot be read', `Segment ${params.segment} was kept as it came, but ${why}.`);
    const found = await reading(async () => readReplaySegment(deps.store, key, { signal }));
    if (!found || !deps.files) return none();
    if (!('blob' in found)) return found;
    if (found.sizeBytes > segmentLimitBytes) return unreadable(`it is larger than ${segmentLimitBytes} bytes`);
    const content = await deps.files.blobs.read({
      organisation: caller.organisation,
      area: 'replays',
      hash: found.blob,
    });
    if (!content) return none();
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
  async ({ params }, { deps, caller, signal }, reply) => {
    const key = {
      organisation: caller.organisation,
      replay: params.replay,
      segment: params.segment,
      kind: 'video',
    } as const;
    const none = (): ProblemReply =>
      refuse(404, 'No such video', `Replay ${params.replay} has no video ${params.segment}, or it is kept no longer.`);
    const found = await reading(async () => readReplaySegment(deps.store, key, { signal }));
    if (!found || !deps.files) return none();
    if (!('blob' in found)) return found;
    if (found.sizeBytes > segmentLimitBytes)
      return refuse(
        422,
        'The video is too large',
        `Video ${params.segment} is larger than ${segmentLimitBytes} bytes.`,
      );
    const content = await deps.files.blobs.read({
      organisation: caller.organisation,
      area: 'replays',
      hash: found.blob,
    });
    if (!content) return none();
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
export const replayRoutes: readonly Route[] = [showReplays, showReplay, segment, video];

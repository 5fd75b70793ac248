import { problem, replaySegmentPath } from '@sightline/contract';
import { addressOf } from '../../data/call.ts';
import { readRecorded, type Recorded } from './steps.ts';

const timeLimitMs = 60_000;

/** One segment; why it could not be had, in words, otherwise. */
export async function readSegment(replay: string, segment: number, signal: AbortSignal): Promise<Recorded | string> {
  const limit = AbortSignal.timeout(timeLimitMs);
  try {
    const answer = await fetch(addressOf(replaySegmentPath, { replay, segment }), {
      credentials: 'same-origin',
      signal: AbortSignal.any([signal, limit]),
    });
    const body: unknown = await answer.json();
    if (answer.ok && Array.isArray(body)) return readRecorded(body);
    const told = problem.safeParse(body);
    return told.success ? told.data.detail : `Segment ${segment} could not be read.`;
  } catch {
    return limit.aborted
      ? `Segment ${segment} did not come within ${timeLimitMs / 1000} s.`
      : `Segment ${segment} could not be read.`;
  }
}

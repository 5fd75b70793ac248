import { getReplay } from '@sightline/contract';
import { queryClient } from '../../data/ask.ts';
import { call } from '../../data/call.ts';
import { readSegment } from './read-segment.ts';
import type { Recorded } from './steps.ts';

/** The first segment of the replay that is being opened; one at a time. */
let begun: { readonly replay: string; readonly answer: Promise<Recorded | string> } | undefined;

/** The replay that an address names; undefined where it names none. */
export function replayOfPath(path: string): string | undefined {
  const [, id = ''] = /^\/replays\/([0-9a-fA-F-]{32,36})$/.exec(path) ?? [];
  const replay = id.replaceAll('-', '').toLowerCase();
  return replay.length === 32 ? replay : undefined;
}

/**
 * Asks for all that the first picture needs at once: the session, its first segment and the player's code. The page itself may
 * still be on its way.
 */
export function beginReplay(replay: string): void {
  if (begun?.replay === replay) return;
  // Sessions begin with segment 0; where there is none, the page reads what there is.
  begun = { replay, answer: readSegment(replay, 0, AbortSignal.timeout(60_000)) };
  void import('./player.ts').catch(() => undefined);
  void queryClient.prefetchQuery({
    queryKey: [getReplay.path, { replay }, null],
    queryFn: async ({ signal }) => call(getReplay, { params: { replay } }, signal),
  });
}

/** What was begun of a replay's first segment, once. */
export function takeFirstSegment(replay: string): Promise<Recorded | string> | undefined {
  const taken = begun?.replay === replay ? begun.answer : undefined;
  if (taken) begun = undefined;
  return taken;
}

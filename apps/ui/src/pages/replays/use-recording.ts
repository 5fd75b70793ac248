import { useEffect, useState } from 'react';
import { takeFirstSegment } from './begin-replay.ts';
import { readSegment } from './read-segment.ts';
import type { Recorded } from './steps.ts';

/** A recording as far as it has come. */
export interface Recording {
  readonly parts: readonly Recorded[];
  /** Nothing more will come. */
  readonly whole: boolean;
  /** What could not be had, in words. */
  readonly faults: readonly string[];
}

/** What a tab can hold; an hour of a busy page is less. */
const mostEvents = 400_000;
const nothing: Recording = { parts: [], whole: false, faults: [] };

/** Reads the segments of a replay one by one, so that the first can be played while the others are on their way. */
export function useRecording(replay: string, segments: readonly { readonly segment: number }[]): Recording {
  const [recording, setRecording] = useState<{ readonly of: string; readonly read: Recording }>();
  const wanted = segments.map(({ segment }) => segment).join();
  useEffect(() => {
    const leaving = new AbortController();
    void readAll(replay, wanted === '' ? [] : wanted.split(',').map(Number), leaving.signal, (read) => {
      if (!leaving.signal.aborted) setRecording({ of: `${replay} ${wanted}`, read });
    });
    return () => leaving.abort();
  }, [replay, wanted]);
  return recording?.of === `${replay} ${wanted}` ? recording.read : nothing;
}

async function readAll(
  replay: string,
  segments: readonly number[],
  signal: AbortSignal,
  tell: (read: Recording) => void,
): Promise<void> {
  let read = nothing;
  let events = 0;
  for (const segment of segments) {
    const found = await ((segment === 0 ? takeFirstSegment(replay) : undefined) ??
      readSegment(replay, segment, signal));
    if (signal.aborted) return;
    if (typeof found === 'string') {
      read = { ...read, faults: [...read.faults, found] };
    } else {
      events += found.played.length;
      read = { ...read, parts: [...read.parts, found] };
    }
    if (events > mostEvents) {
      read = {
        ...read,
        faults: [...read.faults, `Only the first ${mostEvents.toLocaleString('en-US')} events are shown.`],
      };
      break;
    }
    tell(read);
  }
  tell({ ...read, whole: true });
}

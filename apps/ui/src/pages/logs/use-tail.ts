import { tailPath } from '@sightline/contract';
import { useCallback, useEffect, useRef, useState } from 'react';
import { addressOf, type ProblemError } from '../../data/call.ts';
import type { ScopeQuery } from '../../data/scope.ts';
import { TailArrivals } from './tail-arrivals.ts';
import { countDropped, emptyTail, receiveRows, showWaiting, type TailBuffer } from './tail-buffer.ts';
import { browserTail, followTail } from './tail-stream.ts';

/** Arrivals are drawn together this often, so that a busy tail costs no more than a quiet one. */
const drawEveryMs = 250;

/** `lost`: it broke off and is tried again. `ended`: it goes on only when the reader asks. */
interface Link {
  readonly state: 'connecting' | 'open' | 'lost' | 'ended';
  /** Why it is lost or ended. */
  readonly fault: ProblemError | null;
  readonly retryInMs: number;
  /** It was lost before and is back: what came meanwhile is not among the lines. */
  readonly hasGap: boolean;
}

export interface Tail extends TailBuffer, Link {
  readonly catchUp: () => void;
  /** Connects anew, keeping what is shown. */
  readonly again: () => void;
}

const connecting: Link = { state: 'connecting', fault: null, retryInMs: 0, hasGap: false };

/** Follows the logs while `on`. `holds` is asked at every draw: true while the reader is elsewhere or paused. */
export function useTail(on: boolean, scope: ScopeQuery, q: string, holds: () => boolean): Tail {
  const [buffer, setBuffer] = useState<TailBuffer>(emptyTail);
  const [link, setLink] = useState<Link>(connecting);
  const [beganMs, setBeganMs] = useState(() => Date.now());
  const hold = useRef(holds);
  useEffect(() => {
    hold.current = holds;
  });
  const { environment, site, service } = scope;
  const asked = JSON.stringify([on, environment, site, service, q]);
  const [followed, setFollowed] = useState(asked);
  if (followed !== asked) {
    setFollowed(asked);
    setBuffer(emptyTail);
    setLink(connecting);
  }
  useEffect(() => {
    if (!on) return undefined;
    const address = addressOf(tailPath, {}, { from: beganMs, environment, site, service, q });
    const arrivals = new TailArrivals();
    const stop = new AbortController();
    void followTail(
      address,
      {
        onOpen: () => setLink((old) => ({ ...connecting, state: 'open', hasGap: old.hasGap || old.fault !== null })),
        onRow: (text) => arrivals.add(text),
        onDropped: (text) => arrivals.drop(text),
        onLost: (fault, retryInMs) => setLink((old) => ({ ...old, state: 'lost', fault, retryInMs })),
        onEnded: (fault) => setLink((old) => ({ ...old, state: 'ended', fault })),
      },
      stop.signal,
      browserTail,
    );
    const timer = setInterval(() => {
      const { rows, dropped } = arrivals.take();
      if (rows.length > 0 || dropped > 0)
        setBuffer((old) => countDropped(receiveRows(old, rows, hold.current()), dropped));
    }, drawEveryMs);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [on, environment, site, service, q, beganMs]);
  const catchUp = useCallback(() => setBuffer(showWaiting), []);
  const again = useCallback(() => {
    // The fault stays as the sign of a gap until the server follows again.
    setLink((old) => ({ ...old, state: 'connecting' }));
    setBeganMs(Date.now());
  }, []);
  return { ...buffer, ...link, catchUp, again };
}

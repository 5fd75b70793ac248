import { tailPath } from '@sightline/contract';
import { useCallback, useEffect, useRef, useState } from 'react';
import { addressOf } from '../../data/call.ts';
import type { ScopeQuery } from '../../data/scope.ts';
import { TailArrivals } from './tail-arrivals.ts';
import { countDropped, emptyTail, receiveRows, showWaiting, type TailBuffer } from './tail-buffer.ts';

/** Arrivals are drawn together this often, so that a busy tail costs no more than a quiet one. */
const drawEveryMs = 250;

interface Tail extends TailBuffer {
  readonly state: 'connecting' | 'open' | 'broken';
  readonly catchUp: () => void;
}

/**
 * Follows the logs while `on`. `holds` is asked at every draw: true while the reader is elsewhere or paused. The browser
 * reconnects by itself.
 */
export function useTail(on: boolean, scope: ScopeQuery, q: string, holds: () => boolean): Tail {
  const [buffer, setBuffer] = useState<TailBuffer>(emptyTail);
  const [state, setState] = useState<Tail['state']>('connecting');
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
    setState('connecting');
  }
  useEffect(() => {
    if (!on) return undefined;
    const now = Date.now();
    const source = new EventSource(
      addressOf(tailPath, {}, { from: now, to: now + 86_400_000, environment, site, service, q }),
    );
    const arrivals = new TailArrivals();
    source.addEventListener('open', () => setState('open'));
    source.addEventListener('error', () => setState('broken'));
    source.addEventListener('row', (event: MessageEvent<string>) => arrivals.add(event.data));
    source.addEventListener('dropped', (event: MessageEvent<string>) => arrivals.drop(event.data));
    const timer = setInterval(() => {
      const { rows, dropped } = arrivals.take();
      if (rows.length > 0 || dropped > 0)
        setBuffer((old) => countDropped(receiveRows(old, rows, hold.current()), dropped));
    }, drawEveryMs);
    return () => {
      source.close();
      clearInterval(timer);
    };
  }, [on, environment, site, service, q]);
  const catchUp = useCallback(() => setBuffer(showWaiting), []);
  return { ...buffer, state, catchUp };
}

import { logRow, tailPath, type LogRow } from '@sightline/contract';
import { useCallback, useEffect, useRef, useState } from 'react';
import { addressOf } from '../../data/call.ts';
import type { ScopeQuery } from '../../data/scope.ts';
import { countDropped, emptyTail, receiveRows, showWaiting, type TailBuffer } from './tail-buffer.ts';

/** Arrivals are drawn together this often, so that a busy tail costs no more than a quiet one. */
const drawEveryMs = 250;
const mostArrivals = 2000;

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
    let arrived: LogRow[] = [];
    let dropped = 0;
    source.addEventListener('open', () => setState('open'));
    source.addEventListener('error', () => setState('broken'));
    source.addEventListener('row', (event: MessageEvent<string>) => {
      const row = readRow(event.data);
      if (row === undefined || arrived.length >= mostArrivals) dropped += 1;
      else arrived.push(row);
    });
    source.addEventListener('dropped', (event: MessageEvent<string>) => {
      dropped += readDropped(event.data);
    });
    const timer = setInterval(() => {
      if (arrived.length === 0 && dropped === 0) return;
      const rows = arrived;
      const lost = dropped;
      arrived = [];
      dropped = 0;
      setBuffer((old) => countDropped(receiveRows(old, rows, hold.current()), lost));
    }, drawEveryMs);
    return () => {
      source.close();
      clearInterval(timer);
    };
  }, [on, environment, site, service, q]);
  const catchUp = useCallback(() => setBuffer(showWaiting), []);
  return { ...buffer, state, catchUp };
}

function readRow(text: string): LogRow | undefined {
  const read = logRow.safeParse(parse(text));
  return read.success ? read.data : undefined;
}

function readDropped(text: string): number {
  const value = Number(parse(text));
  return Number.isFinite(value) ? value : 0;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { describe, expect, it } from 'vitest';
import type { ErrorRow, LogRow, Span } from '@sightline/contract';
import { spanAt } from '../../records/span.fixture.ts';
import { entrySentence } from './entry-sentence.ts';
import { laneOf, layoutLanes, type StoryEntry } from './lane-layout.ts';

const span = (id: string, from: number, to: number, more: Partial<Span> = {}): StoryEntry => {
  const made = spanAt(id, '', from, to, more);
  return { kind: 'span', at: made.at, tsNs: made.startNs, span: made };
};
const log = (at: number, more: Partial<LogRow>): StoryEntry => {
  const { startNs } = spanAt('', '', at, at);
  const row = { body: 'a line', service: 'orders', device: '', site: '', traceId: '', eventName: '', ...more };
  return { kind: 'log', at, tsNs: startNs, log: row as LogRow };
};
const error = (at: number, more: Partial<ErrorRow>): StoryEntry => {
  const { startNs } = spanAt('', '', at, at);
  return {
    kind: 'error',
    at,
    tsNs: startNs,
    error: { type: '', message: '', service: 'orders', device: '', site: '', ...more } as ErrorRow,
  };
};

const draw = (lanes: string[], entries: StoryEntry[]) =>
  layoutLanes({ lanes, entries }).lanes.map(
    ({ name, rows, bars, marks }) =>
      `${name} ${rows}: ${[
        ...bars.map((bar) => `${bar.entry.span.spanId}@${bar.row} ${bar.start}-${bar.end}`),
        ...marks.map((mark) => `${mark.entry.kind} ${mark.at}`),
      ].join(', ')}`,
  );

describe('layoutLanes', () => {
  it.each<[string, string[], StoryEntry[], string[]]>([
    [
      'one lane each, in the order given',
      ['gateway', 'orders'],
      [span('o', 50, 100), span('g', 0, 100, { service: 'gateway' })],
      ['gateway 1: g@0 0-1', 'orders 1: o@0 0.5-1'],
    ],
    [
      'spans that run together lie under each other',
      ['orders'],
      [span('a', 0, 100), span('b', 50, 80), span('c', 80, 90)],
      ['orders 2: a@0 0-1, b@1 0.5-0.8, c@1 0.8-0.9'],
    ],
    [
      'logs and errors stand at their moment',
      ['orders'],
      [span('a', 0, 100), log(50, {}), error(100, {})],
      ['orders 1: a@0 0-1, log 0.5, error 1'],
    ],
    ['a lane that was not named follows', ['gateway'], [log(0, { service: 'payment' })], ['payment 1: log 0']],
    ['a lane without entries is not drawn', ['gateway', 'orders'], [log(0, {})], ['orders 1: log 0']],
    ['one moment has no length', [], [span('a', 5, 5)], ['orders 1: a@0 0-0']],
    ['nothing is nothing', [], [], []],
  ])('%s', (_name, lanes, entries, expected) => expect(draw(lanes, entries)).toEqual(expected));

  it('bounds the rows of a lane', () => {
    const many = Array.from({ length: 300 }, (_, i) => span(`s${i}`, i, 1000));
    expect(layoutLanes({ lanes: [], entries: many }).lanes[0]?.rows).toBe(8);
  });
  it.each<[StoryEntry, string[], string]>([
    [log(0, { service: 'pos', device: 'TERM_02' }), ['TERM_02'], 'TERM_02'],
    [log(0, { service: 'pos', device: 'TERM_02' }), ['pos', 'TERM_02'], 'pos'],
    [log(0, { service: '', device: 'TERM_02' }), [], 'TERM_02'],
    [log(0, { service: '' }), [], 'unknown'],
  ])('finds the lane of an entry', (entry, lanes, lane) => expect(laneOf(entry, lanes)).toBe(lane));
});

describe('entrySentence', () => {
  it.each([
    [span('POST /orders', 0, 120, { kind: 'server' }), 'answered POST /orders in 120 ms'],
    [
      span('charge', 0, 2300, { kind: 'client', status: 'error', statusMessage: 'timeout' }),
      'failed to call charge after 2.3 s: timeout',
    ],
    [span('send order.completed', 0, 3, { kind: 'producer' }), 'sent order.completed in 3 ms'],
    [span('process order.completed', 0, 18, { kind: 'consumer' }), 'took up order.completed in 18 ms'],
    [span('process', 0, 18, { kind: 'consumer' }), 'took up process in 18 ms'],
    [log(0, { body: 'order taken' }), 'order taken'],
    [log(0, { body: '' }), 'an empty line'],
    [error(0, { type: 'CardDeclined', message: 'no funds' }), 'failed: CardDeclined: no funds'],
    [error(0, { type: 'CardDeclined' }), 'failed with CardDeclined'],
  ])('reads', (entry, sentence) => expect(entrySentence(entry)).toBe(sentence));
});

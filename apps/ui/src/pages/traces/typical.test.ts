import { describe, expect, it } from 'vitest';
import { spanAt } from '../../records/span.fixture.ts';
import type { SpanExample } from './example-list.tsx';
import { likeRoot, typicalExample } from './typical.ts';

const took = (traceId: string, durationMs: number, failed = false): SpanExample => ({
  traceId,
  spanId: 's',
  at: 0,
  durationMs,
  service: 'orders',
  site: '',
  name: 'place order',
  failed,
});

describe('a typical trace', () => {
  it.each<[string, readonly SpanExample[], string | undefined]>([
    ['is the one in the middle by duration', [took('a', 900), took('b', 10), took('c', 40)], 'c'],
    ['is the shorter of two', [took('a', 900), took('b', 10)], 'b'],
    ['is never the trace itself', [took('this', 20), took('a', 900)], 'a'],
    ['did not fail', [took('a', 5, true), took('b', 6, true), took('c', 70)], 'c'],
    ['failed where all did', [took('a', 5, true), took('b', 6, true), took('c', 7, true)], 'b'],
    ['is missing where there is no other', [took('this', 20)], undefined],
    ['is missing where there is none', [], undefined],
  ])('%s', (_name, examples, id) => expect(typicalExample(examples, 'this')?.traceId).toBe(id));

  it('is looked for among spans like the root', () => {
    const root = spanAt('a', '', 0, 5, { at: 7_200_000.5, kind: 'server', environment: 'production' });
    expect(likeRoot(root)).toMatchObject({
      from: 3_600_000,
      to: 10_800_001,
      environment: 'production',
      service: 'orders',
      operation: 'a',
      q: 'kind:server',
    });
    expect(likeRoot({ ...root, kind: 'unspecified' }).q).toBe('');
  });
});

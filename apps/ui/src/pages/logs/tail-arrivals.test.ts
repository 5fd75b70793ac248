import type { LogRow } from '@sightline/contract';
import { describe, expect, it } from 'vitest';
import { TailArrivals } from './tail-arrivals.ts';
import { mostTailRows } from './tail-buffer.ts';

const line = (id: string): string =>
  JSON.stringify({
    id,
    tsNs: '1795176000000000000',
    at: 1_795_176_000_000,
    receivedAt: 1_795_176_000_000,
    severity: 'info',
    severityText: 'INFO',
    body: `line ${id}`,
    site: '',
    device: '',
    service: 'till',
    environment: '',
    release: '',
    traceId: '',
    spanId: '',
    correlationId: '',
    eventName: '',
    attributes: {},
    resource: {},
  } satisfies LogRow);

describe('arrivals of a live tail', () => {
  it('are taken once, oldest first', () => {
    const arrivals = new TailArrivals();
    for (const id of ['1', '2']) arrivals.add(line(id));
    expect(arrivals.take().rows.map(({ id }) => id)).toEqual(['1', '2']);
    expect(arrivals.take()).toEqual({ rows: [], dropped: 0 });
  });
  it.each([mostTailRows + 3, 3 * mostTailRows + 1])(
    'of %i in one burst the newest are kept, and the others told',
    (count) => {
      const arrivals = new TailArrivals();
      for (let i = 0; i < count; i++) arrivals.add(line(String(i)));
      const { rows, dropped } = arrivals.take();
      expect([rows.length, rows.at(-1)?.id, dropped]).toEqual([mostTailRows, String(count - 1), count - mostTailRows]);
    },
  );
  it('that are no rows are told, wherever they stand', () => {
    for (const lines of [
      ['no JSON', line('1'), '{"id":1}'],
      [line('1'), 'null', '{}'],
    ]) {
      const arrivals = new TailArrivals();
      for (const text of lines) arrivals.add(text);
      const { rows, dropped } = arrivals.take();
      expect([rows.map(({ id }) => id), dropped]).toEqual([['1'], 2]);
    }
  });
  it.each([
    ['12', 12],
    ['0', 0],
    ['-3', 0],
    ['many', 0],
  ])('the server dropped %s', (told, dropped) => {
    const arrivals = new TailArrivals();
    arrivals.drop(told);
    expect(arrivals.take()).toEqual({ rows: [], dropped });
  });
});

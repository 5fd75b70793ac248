import { describe, expect, test } from 'vitest';
import type { SpanRecord } from '../traces/span-row.ts';
import type { StoryEntry } from './story.ts';
import { orderLanes, tellStory } from './tell.ts';

function span(
  service: string,
  spanId: string,
  parentId: string,
  startMs: number,
  given: Partial<SpanRecord> = {},
): StoryEntry {
  const startNs = String(startMs * 1_000_000);
  const record: SpanRecord = {
    traceId: 't',
    spanId,
    parentId,
    name: `${service} work`,
    service,
    site: '',
    device: '',
    kind: 'server',
    status: 'unset',
    statusMessage: '',
    startNs,
    at: startMs,
    durationNs: 10_000_000,
    correlationId: '',
    release: '',
    environment: '',
    scopeName: '',
    attributes: {},
    resource: {},
    events: [],
    links: [],
    ...given,
  };
  return { kind: 'span', at: startMs, tsNs: startNs, span: record };
}

describe('a story', () => {
  test('callers stand before whom they call, even when clocks disagree', () => {
    expect(
      orderLanes([span('payment', 'c', 'b', 1), span('gateway', 'b', 'a', 2), span('terminal', 'a', '', 3)]),
    ).toEqual(['terminal', 'gateway', 'payment']);
  });

  test('spans that name each other as parents end', () => {
    expect(orderLanes([span('a', '1', '2', 1), span('b', '2', '1', 2)])).toEqual(['a', 'b']);
  });

  test.each<[string, StoryEntry[], string]>([
    ['nothing', [], ''],
    ['one service', [span('orders', '1', '', 0)], 'orders was heard once; it ended without an error after 10 ms.'],
    [
      'a failed span, deepest first',
      [
        span('terminal', '1', '', 0, { device: 'TERM_02', site: 'STORE_047', status: 'error', durationNs: 2e9 }),
        span('payment', '2', '1', 5, { status: 'error', statusMessage: 'processor   timeout', durationNs: 1.5e9 }),
      ],
      'TERM_02 at STORE_047 called payment; payment failed with processor timeout after 1.5 s.',
    ],
    [
      'calls that began at the same moment, callers first',
      [span('inventory', '3', '2', 5), span('orders', '2', '1', 5), span('gateway', '1', '', 5)],
      'gateway called orders; orders called inventory; it ended without an error after 10 ms.',
    ],
    [
      'a site without device',
      [span('sync', '1', '', 0, { site: 'STORE_001' })],
      'sync at STORE_001 was heard once; it ended without an error after 10 ms.',
    ],
  ])('%s', (_, entries, sentence) => {
    expect(tellStory(entries)).toBe(sentence);
  });
});

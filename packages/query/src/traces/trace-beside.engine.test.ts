import type { EmbeddedStore } from '@sightline/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endMs, openSmallStore } from '../test-support/small-store.ts';
import { readTraceBeside } from './trace-beside.ts';

const trace = 'ab'.repeat(16);
let store: EmbeddedStore;
let close: () => Promise<void>;
const at = (ms: number): string => `fromUnixTimestamp64Milli(${endMs + ms})`;
const asked = { organisation: 'acme', traceId: trace.toUpperCase(), fromMs: endMs, toMs: endMs + 1000 };

beforeAll(async () => {
  ({ store, close } = await openSmallStore());
  const event = 'ef'.repeat(16);
  const quoted = (texts: string[]): string => texts.map((one) => `'${one}'`).join(', ');
  const replay = (id: string, of: string, traces: string[], errors: string[], ms = 5000): string =>
    `('${of}', ${at(ms)}, ${at(-60_000)}, '${id.repeat(16)}', [${quoted(traces)}], [${quoted(errors)}])`;
  await store.execute(
    `INSERT INTO replays (organisation, ts, started_at, replay_id, traces, errors) VALUES ${[
      replay('01', 'acme', [trace], []),
      replay('02', 'acme', [], [event]),
      replay('03', 'acme', ['cd'.repeat(16)], ['00'.repeat(16)]),
      replay('04', 'rival', [trace], []),
      replay('05', 'acme', [trace], [], 10 * 3_600_000),
    ].join(', ')}`,
  );
  await store.execute(
    `INSERT INTO errors (organisation, ts, received_at, event_id, trace_id) VALUES ('acme', ${at(10)}, ${at(10)}, '${event}', unhex('${trace}'))`,
  );
  const exemplar = (of: string, metric: string, ms: number, labels: string): string =>
    `('${of}', '${metric}', 1, ${endMs + ms}, 0.25, map(${labels}))`;
  await store.execute(
    `INSERT INTO metric_exemplars (organisation, metric, fp, t, value, labels) VALUES ${[
      exemplar('acme', 'request_seconds_bucket', 900, `'trace_id', '${trace}', 'span_id', 'ABCD'`),
      exemplar('acme', 'queue_depth', 100, `'traceID', '${trace}'`),
      exemplar('acme', 'queue_depth', 200, `'trace_id', '${'cd'.repeat(16)}'`),
      exemplar('rival', 'queue_depth', 100, `'trace_id', '${trace}'`),
      exemplar('acme', 'queue_depth', 3_600_000, `'trace_id', '${trace}'`),
    ].join(', ')}`,
  );
});
afterAll(() => close());

test('replays and measurements that name a trace, of its organisation and time', async () => {
  expect(await readTraceBeside(store, asked)).toEqual({
    replays: ['01', '02'].map((id) => ({ replay: id.repeat(16), at: endMs - 60_000 })),
    exemplars: [
      { metric: 'queue_depth', at: endMs + 100, value: 0.25, spanId: '' },
      { metric: 'request_seconds', at: endMs + 900, value: 0.25, spanId: 'abcd' },
    ],
    cut: false,
  });
});

test('nothing names a trace that nobody knows', async () => {
  const none = { replays: [], exemplars: [], cut: false };
  expect(await readTraceBeside(store, { ...asked, traceId: '11'.repeat(16) })).toEqual(none);
  expect(await readTraceBeside(store, { ...asked, organisation: 'nobody' })).toEqual(none);
});

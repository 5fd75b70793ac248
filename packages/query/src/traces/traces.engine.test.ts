import type { EmbeddedStore } from '@sightline/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readStory } from '../story/story.ts';
import { endMs, fillLogs, fillTraces, hourMs, openSmallStore } from '../test-support/small-store.ts';
import { getTrace } from './get-trace.ts';
import { listServices } from './list-services.ts';
import { searchTraces, type TraceSearch, type TraceSummary } from './search-traces.ts';

let store: EmbeddedStore;
let close: () => Promise<void>;
const traces = 200;
const acme = { organisation: 'acme', fromMs: endMs - 6 * hourMs, toMs: endMs, environment: '', site: '', service: '' };

beforeAll(async () => {
  ({ store, close } = await openSmallStore());
  await fillTraces(store, 'acme', traces);
  await fillTraces(store, 'rival', 40);
  await fillLogs(store, 'acme', 500);
});
afterAll(() => close());

async function everyPage(input: Partial<TraceSearch>): Promise<TraceSummary[]> {
  const all: TraceSummary[] = [];
  let cursor = '';
  for (let pages = 0; pages < 500; pages++) {
    const page = await searchTraces(store, { ...acme, q: '', sort: 'newest', limit: 30, ...input, cursor });
    if (!page.ok) throw new Error(page.error.message);
    all.push(...page.value.traces);
    cursor = page.value.next;
    if (cursor === '') return all;
  }
  throw new Error('paging never ended');
}

describe('search', () => {
  test.each([
    ['newest', 200],
    ['newest', 30],
    ['newest', 7],
    ['slowest', 30],
    ['slowest', 7],
  ] as const)('%s by %i: each trace once, in order', async (sort, limit) => {
    const all = await everyPage({ sort, limit });
    expect(new Set(all.map((trace) => trace.traceId)).size).toBe(traces);
    expect(all).toHaveLength(traces);
    const keys = all.map((trace) => (sort === 'newest' ? trace.at : trace.durationMs));
    expect(keys).toEqual(keys.toSorted((a, b) => b - a));
  });

  test.each(['newest', 'slowest'] as const)(
    '%s: figures are of the whole trace, whichever span matched',
    async (sort) => {
      const failed = await everyPage({ q: 'service:payment status:error', sort });
      expect(failed).toHaveLength(50);
      for (const trace of failed) {
        expect(trace).toMatchObject({
          rootName: 'checkout',
          rootService: 'terminal',
          spans: 5,
          errors: 1,
          services: ['gateway', 'inventory', 'orders', 'payment', 'terminal'],
        });
        expect(trace.durationMs).toBeGreaterThanOrEqual(1200);
      }
    },
  );

  test('scope and faults', async () => {
    expect(await everyPage({ site: 'STORE_001' })).toHaveLength(100);
    expect(await everyPage({ service: 'payment', site: 'STORE_047' })).toHaveLength(100);
    expect(await everyPage({ organisation: 'nobody' })).toEqual([]);
    expect(
      await searchTraces(store, { ...acme, q: '', sort: 'newest', limit: 3, cursor: 'slowest-1-0' }),
    ).toMatchObject({ ok: false });
    expect(
      await searchTraces(store, { ...acme, q: 'duration:>soon', sort: 'newest', limit: 3, cursor: '' }),
    ).toMatchObject({ ok: false, error: { position: { from: 10, to: 14 } } });
  });
});

const firstTrace = '01000000000000000000000000000000';

describe('one trace', () => {
  test('spans, logs and errors of it, in this organisation only', async () => {
    const trace = await getTrace(store, 'acme', firstTrace);
    expect(trace.spans.map((span) => span.service)).toEqual(['terminal', 'gateway', 'orders', 'payment', 'inventory']);
    expect(trace.spans[3]).toMatchObject({
      kind: 'server',
      status: 'error',
      statusMessage: 'Card declined by processor',
      durationNs: 900_000_000,
      events: [],
      links: [],
    });
    expect(trace.spans[0]).toMatchObject({
      parentId: '',
      kind: 'client',
      device: 'TERM_02',
      site: 'STORE_047',
      correlationId: 'corr-0',
    });
    expect(trace.errors).toHaveLength(1);
    expect(trace.errors[0]).toMatchObject({ type: 'PaymentError', issue: '000000000000000b', severity: 'error' });
    expect(trace.logs.length).toBeGreaterThan(0);
    expect(trace.truncated).toBe(false);
    expect((await getTrace(store, 'nobody', firstTrace)).spans).toEqual([]);
  });

  test('of one with more than is shown, what came first', async () => {
    await store.execute(
      `INSERT INTO errors (organisation, ts, event_id, trace_id) SELECT 'acme', fromUnixTimestamp64Milli({end:Int64} - 1 - number), concat('long', toString(number)),
         toFixedString(unhex({trace:String}), 16) FROM numbers(700)`,
      { end: endMs, trace: 'ff'.repeat(16) },
      { settings: { insert_deduplication_token: 'long-trace' } },
    );
    const trace = await getTrace(store, 'acme', 'ff'.repeat(16));
    expect(trace.truncated).toBe(true);
    expect(trace.errors.map((error) => error.eventId)).toEqual(Array.from({ length: 500 }, (_, n) => `long${699 - n}`));
  });
});

describe('services', () => {
  test('rate, errors and duration from the view', async () => {
    const services = await listServices(store, acme);
    expect(services.map((service) => service.service).toSorted()).toEqual([
      'gateway',
      'inventory',
      'orders',
      'payment',
      'terminal',
    ]);
    const payment = services.find((service) => service.service === 'payment');
    expect(payment).toMatchObject({ sites: 2, errorRate: 0.25 });
    expect(payment?.requestsPerMin).toBeCloseTo(traces / 360, 5);
    expect(payment?.p50Ms).toBeGreaterThan(1000);
    expect((payment?.p99Ms ?? 0) >= (payment?.p95Ms ?? 0) && (payment?.p95Ms ?? 0) >= (payment?.p50Ms ?? 0)).toBe(true);
    const step = (payment?.rate[1]?.at ?? 0) - (payment?.rate[0]?.at ?? 0);
    expect((payment?.rate ?? []).reduce((sum, point) => sum + point.value * (step / 60_000), 0)).toBeCloseTo(traces, 5);
    expect(
      (await listServices(store, { ...acme, site: 'STORE_047' })).find((service) => service.service === 'payment')
        ?.sites,
    ).toBe(1);
    expect(await listServices(store, { ...acme, organisation: 'nobody' })).toEqual([]);
  });
});

describe('story', () => {
  test('reads as a sentence from the correlation id or the trace id', async () => {
    for (const id of ['corr-0', firstTrace]) {
      const story = await readStory(store, 'acme', id);
      expect(story.lanes.slice(0, 5)).toEqual(['terminal', 'gateway', 'orders', 'payment', 'inventory']);
      expect(story.sentence).toMatch(
        /^TERM_02 at STORE_047 called gateway; gateway called orders; orders called payment; orders called inventory; payment failed with PaymentError: Card declined by processor after 1\.2 s\.$/,
      );
      expect(new Set(story.entries.map((entry) => entry.kind))).toEqual(new Set(['span', 'log', 'error']));
      const times = story.entries.map((entry) => BigInt(entry.tsNs));
      expect(times).toEqual(times.toSorted((a, b) => Number(a - b)));
      expect(story.truncated).toBe(false);
    }
  });

  test('an unknown id, a hostile id, another organisation: nothing', async () => {
    for (const [organisation, id] of [
      ['acme', 'none'],
      ['acme', "' OR 1=1 --"],
      ['nobody', 'corr-0'],
    ] as const) {
      expect(await readStory(store, organisation, id)).toEqual({
        id,
        lanes: [],
        entries: [],
        sentence: '',
        truncated: false,
      });
    }
  });
});

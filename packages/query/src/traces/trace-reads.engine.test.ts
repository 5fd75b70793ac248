import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../test-support.ts';
import { listAiCalls } from './ai-calls.ts';
import { listCalls, readCall } from './calls.ts';
import { latencyExamples, latencyHeatMap } from './heat-map.ts';
import { listOperations, redOverTime } from './operations.ts';
import { listQueues } from './queues.ts';
import { readServiceMap } from './service-map.ts';

const hourMs = 3_600_000;
const endMs = Math.floor(Date.now() / hourMs) * hourMs;
const scope = { organisation: 'acme', fromMs: endMs - 4 * hourMs, toMs: endMs, environment: '', site: '', service: '' };
let store: TestStore;

interface Part {
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  readonly ms: number;
  /** Index of the parent in the trace; -1 for the root. */
  readonly parent: number;
  readonly attrs?: Record<string, string>;
}
/** Gateway → orders → database, host, queue, AI; the consumer of the queue is a service of its own. */
const trace: readonly Part[] = [
  { service: 'gateway', name: 'POST /orders', kind: 2, ms: 100, parent: -1 },
  {
    service: 'gateway',
    name: 'POST',
    kind: 3,
    ms: 80,
    parent: 0,
    attrs: { 'server.address': 'orders', 'server.port': '8080' },
  },
  { service: 'orders', name: 'place order', kind: 2, ms: 70, parent: 1 },
  {
    service: 'orders',
    name: 'SELECT',
    kind: 3,
    ms: 40,
    parent: 2,
    attrs: {
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'db.query.text': 'SELECT * FROM stock WHERE sku IN ($1, $2)',
    },
  },
  {
    service: 'orders',
    name: 'charge',
    kind: 3,
    ms: 20,
    parent: 2,
    attrs: { 'server.address': 'api.pay.com', 'server.port': '443', 'http.request.method': 'POST' },
  },
  {
    service: 'orders',
    name: 'orders publish',
    kind: 4,
    ms: 1,
    parent: 2,
    attrs: { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' },
  },
  {
    service: 'mailer',
    name: 'orders process',
    kind: 5,
    ms: 10,
    parent: 5,
    attrs: { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' },
  },
  {
    service: 'mailer',
    name: 'chat',
    kind: 3,
    ms: 500,
    parent: 6,
    attrs: {
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o-2024-08-06',
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.input_tokens': '1000',
      'gen_ai.usage.output_tokens': '100',
    },
  },
];
const id = (n: number, digits: number): string => `i${n}`.padStart(digits, '.');

/** One trace every `everyMs`; every fifth fails in its root; the site alternates. */
function rowsOf(organisation: string, count: number, everyMs: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, n) =>
    trace.map(({ service, name, kind, ms, parent, attrs }, at) => ({
      organisation,
      site: n % 2 === 0 ? 'STORE_1' : 'STORE_2',
      environment: 'production',
      service,
      ts: new Date(endMs - 1000 - n * everyMs + at).toISOString(),
      received_at: new Date(endMs - n * everyMs).toISOString(),
      duration_ns: ms * 1_000_000,
      trace_id: id(n, 16),
      span_id: id(n * 8 + at, 8),
      parent_id: parent < 0 ? '' : id(n * 8 + parent, 8),
      name,
      kind,
      status_code: at === 0 && n % 5 === 0 ? 2 : 1,
      attrs: attrs ?? {},
    })),
  ).flat();
}

beforeAll(async () => {
  store = await openTestStore();
  await store.insert('spans', [...rowsOf('acme', 100, 120_000), ...rowsOf('rival', 10, 60_000)]);
  const pair = {
    organisation: 'acme',
    minute: (endMs - 60_000) / 1000,
    environment: 'production',
    bucket: 208,
    calls: 100,
    errors: 0,
    duration_ns: 7e9,
  };
  await store.insert('edges', [
    { ...pair, caller: 'gateway', callee: 'orders', message: 0, peer: 'orders:8080', lag_ns: 0 },
    { ...pair, caller: 'orders', callee: 'mailer', message: 1, peer: 'kafka/orders', lag_ns: 5e8 },
  ]);
});
afterAll(() => store.close());

const near = (value: number, expected: number): void =>
  expect(Math.abs(value - expected) / expected).toBeLessThan(0.05);

describe.each([
  ['from the views', scope, 100],
  ['of one site, from the spans', { ...scope, site: 'STORE_1' }, 50],
])('%s', (_, asked, traces) => {
  test('operations: calls, errors and quantiles of each', async () => {
    const all = await listOperations(store.store, { ...asked, entry: false, sort: 'total', limit: 100 });
    expect(all.map(({ operation, calls }) => [operation, calls])).toEqual([
      ['chat', traces],
      ['POST /orders', traces],
      ['POST', traces],
      ['place order', traces],
      ['SELECT', traces],
      ['charge', traces],
      ['orders process', traces],
      ['orders publish', traces],
    ]);
    const root = all[1];
    expect(root).toMatchObject({ service: 'gateway', kind: 'server', errors: traces / 5, totalMs: traces * 100 });
    expect(root?.callsPerMin).toBeCloseTo(traces / 240);
    near(root?.p95Ms ?? 0, 100);
    const entry = await listOperations(store.store, { ...asked, entry: true, sort: 'p95', limit: 100 });
    expect(entry.map(({ operation }) => operation)).toEqual(['POST /orders', 'place order', 'orders process']);
  });

  test('database statements are folded, external calls keep their host', async () => {
    const ask = { ...asked, groupBy: 'statement', peer: '', sort: 'total', limit: 10 } as const;
    const [query] = await listCalls(store.store, { ...ask, call: 'db' });
    expect(query).toMatchObject({
      peer: 'postgresql/shop',
      statement: 'SELECT * FROM stock WHERE sku IN (?..)',
      action: 'SELECT',
      services: ['orders'],
      calls: traces,
    });
    const external = await listCalls(store.store, { ...ask, call: 'external', groupBy: 'peer' });
    expect(external.map(({ peer }) => peer)).toEqual(['orders:8080', 'api.pay.com']);
  });

  test('AI: tokens, and what they cost by the list', async () => {
    const { rows, points, cut } = await listAiCalls(store.store, { ...asked, sort: 'tokens' });
    expect(cut).toBe(false);
    expect(rows).toMatchObject([
      {
        system: 'openai',
        model: 'gpt-4o-2024-08-06',
        operation: 'chat',
        services: ['mailer'],
        inputTokens: traces * 1000,
        outputTokens: traces * 100,
      },
    ]);
    expect(rows[0]?.costUsd).toBeCloseTo((traces * (1000 * 2.5 + 100 * 10)) / 1e6);
    expect(points.reduce((sum, point) => sum + point.costUsd, 0)).toBeCloseTo(rows[0]?.costUsd ?? 0);
    const own = await listAiCalls(store.store, { ...asked, sort: 'cost' }, { 'gpt-4o': { inputUsd: 0, outputUsd: 1 } });
    expect(own.rows[0]?.costUsd).toBeCloseTo((traces * 100) / 1e6);
  });

  test('the course has every step, and their sum is the whole', async () => {
    const { stepMs, points } = await redOverTime(store.store, {
      ...asked,
      service: 'gateway',
      operation: '',
      points: 60,
    });
    expect(points).toHaveLength((4 * hourMs) / stepMs);
    expect(points.reduce((sum, point) => sum + point.calls, 0)).toBe(traces);
    expect(points.reduce((sum, point) => sum + point.errors, 0)).toBe(traces / 5);
  });

  test('heat map', async () => {
    const map = await latencyHeatMap(store.store, { ...asked, q: '', operation: 'chat', columns: 60 });
    if (!map.ok) throw new Error(map.error.message);
    expect(map.value.cells.reduce((sum, cell) => sum + cell.spans, 0)).toBe(traces);
    expect(new Set(map.value.cells.map(({ bucket }) => bucket))).toEqual(new Set([Math.floor(Math.log2(5e8) * 8)]));
  });
});

test('a range of whole hours and minutes at both ends counts each span once', async () => {
  for (const [fromMin, toMin] of [
    [239, 0],
    [200, 7],
    [61, 1],
    [59, 3],
  ] as const) {
    const range = { ...scope, fromMs: endMs - fromMin * 60_000, toMs: endMs - toMin * 60_000 };
    const expected = Array.from({ length: 100 }, (_, n) => endMs - 1000 - n * 120_000).filter(
      (at) => at >= range.fromMs && at < range.toMs,
    ).length;
    const [first] = await listOperations(store.store, { ...range, entry: true, sort: 'p95', limit: 1 });
    expect([fromMin, toMin, first?.calls]).toEqual([fromMin, toMin, expected]);
  }
});

test('heat map of a search and its brush', async () => {
  const asked = { ...scope, q: 'duration:>300', operation: '' };
  const map = await latencyHeatMap(store.store, { ...asked, columns: 60 });
  expect(map.ok && map.value.cells.reduce((sum, cell) => sum + cell.spans, 0)).toBe(100);
  const found = await latencyExamples(store.store, { ...asked, minMs: 499, maxMs: 501, limit: 7 });
  if (!found.ok) throw new Error(found.error.message);
  expect(found.value.matching).toBe(100);
  expect(found.value.spans).toHaveLength(7);
  expect(found.value.spans[0]).toMatchObject({ service: 'mailer', name: 'chat', durationMs: 500, failed: false });
  expect((await latencyHeatMap(store.store, { ...asked, q: 'duration:', columns: 60 })).ok).toBe(false);
});

test('one statement looked at closely: sites, callers, course, examples', async () => {
  const detail = await readCall(store.store, {
    ...scope,
    call: 'db',
    peer: 'postgresql/shop',
    statement: 'SELECT * FROM stock WHERE sku IN (?..)',
  });
  expect(
    detail.sites.map(({ site, calls }) => [site, calls]).toSorted(([a], [b]) => String(a).localeCompare(String(b))),
  ).toEqual([
    ['STORE_1', 50],
    ['STORE_2', 50],
  ]);
  expect(detail.callers).toEqual([{ service: 'orders', operation: 'place order', calls: 100 }]);
  expect(detail.examples).toHaveLength(20);
  expect(detail.sample).toBe('SELECT * FROM stock WHERE sku IN ($1, $2)');
  expect(detail.points.reduce((sum, point) => sum + point.calls, 0)).toBe(100);
});

test('queues: both ends, and the wait between them', async () => {
  expect(await listQueues(store.store, scope)).toMatchObject({
    cut: false,
    queues: [
      { queue: 'kafka/orders', producers: ['orders'], consumers: ['mailer'], produced: 100, consumed: 100, lagMs: 5 },
    ],
  });
});

test('queues of one site: a consumer that links to its producer in another trace tells the wait as a child does', async () => {
  const queue = { 'messaging.system': 'rabbitmq', 'messaging.destination.name': 'done' };
  const span = (
    service: string,
    kind: number,
    traceId: number,
    spanId: number,
    atMs: number,
    links: number[] = [],
  ) => ({
    organisation: 'linking',
    site: 'STORE_1',
    environment: 'production',
    service,
    ts: new Date(endMs - 60_000 + atMs).toISOString(),
    received_at: new Date(endMs).toISOString(),
    duration_ns: 10_000_000,
    trace_id: id(traceId, 16),
    span_id: id(spanId, 8),
    name: 'message',
    kind,
    attrs: queue,
    'links.trace_id': links.map((link) => id(link, 16)),
    'links.span_id': links.map((link) => id(link, 8)),
    'links.attrs': links.map(() => ({})),
  });
  await store.insert('spans', [
    span('orders', 4, 901, 901, 0),
    span('orders', 4, 902, 902, 100),
    span('sync', 5, 950, 950, 510, [901, 902]),
  ]);
  const linking = { ...scope, organisation: 'linking', site: 'STORE_1' };
  expect(await listQueues(store.store, linking)).toMatchObject({
    queues: [{ queue: 'rabbitmq/done', producers: ['orders'], consumers: ['sync'], lagMs: 450 }],
  });
  const map = await readServiceMap(store.store, linking, Date.now());
  expect(map.edges.find(({ to, from }) => from === 'service:orders' && to === 'service:sync')).toMatchObject({
    kind: 'message',
    calls: 2,
    lagMs: 450,
  });
});

describe('service map', () => {
  const shape = async (asked: typeof scope): Promise<string[]> => {
    const map = await readServiceMap(store.store, asked, Date.now());
    return map.edges
      .map(({ from, to, kind, calls }) => `${from} ${kind === 'message' ? '~' : '-'}> ${to} ${calls}`)
      .toSorted();
  };
  test('services, databases, hosts, queues and AI; a host that is one of ours is no stranger', async () => {
    expect(await shape(scope)).toEqual([
      'queue:kafka/orders ~> service:mailer 100',
      'service:gateway -> service:orders 100',
      'service:mailer -> ai:openai 100',
      'service:orders -> db:postgresql/shop 100',
      'service:orders -> external:api.pay.com 100',
      'service:orders ~> queue:kafka/orders 100',
      'service:orders ~> service:mailer 100',
    ]);
  });
  test('of one site the pairs are joined from the spans', async () => {
    const found = await shape({ ...scope, site: 'STORE_2' });
    expect(found).toContain('service:gateway -> service:orders 50');
    expect(found).toContain('service:orders ~> service:mailer 50');
    expect(found.some((edge) => edge.includes('external:orders'))).toBe(false);
  });
  test('another organisation sees its own', async () => {
    const found = await shape({ ...scope, organisation: 'rival' });
    expect(found.every((edge) => edge.endsWith(' 10'))).toBe(true);
    expect(await shape({ ...scope, organisation: 'nobody' })).toEqual([]);
  });
});

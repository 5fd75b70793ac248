import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { createFunctions } from '@sightline/ingest';
import { type TelemetryStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerApi } from '../register-api.ts';
import type { ApiDeps } from '../route.ts';
import { logqlRoutes } from './logql.ts';
import { traceqlRoutes } from './traceql.ts';

const minuteMs = 60_000;
const endMs = Math.floor(Date.now() / minuteMs) * minuteMs;
let folder: string;
let store: TelemetryStore;
let app: FastifyInstance;

/** Keys are their organisation's name, and the site they are bound to behind a dash. */
const control = {
  keys: {
    find: (secret: string) => {
      const [organisation = '', site = ''] = secret.split('-');
      return Promise.resolve({ name: secret, permissions: ['query'], scope: { organisation, site, keyId: secret } });
    },
  },
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-api-'));
  store = await openMigratedStore(folder);
  await createFunctions(store);
  // For each site a trace of two services, of which the second fails, and two lines.
  for (const [organisation, site, n] of [
    ['acme', 'A', 1],
    ['acme', 'B', 2],
    ['rival', 'C', 3],
  ]) {
    const bound = { o: organisation ?? '', s: site ?? '', n: n ?? 0, at: endMs - 10 * minuteMs };
    await store.execute(
      `INSERT INTO spans (organisation, site, environment, service, ts, received_at, duration_ns, trace_id, span_id, parent_id, name, status_code)
       SELECT {o:String}, {s:String}, 'production', ['gateway', 'payment'][1 + number], fromUnixTimestamp64Milli({at:Int64} + number), now64(), 2000000,
         reinterpretAsFixedString(toUInt128({n:UInt32})), reinterpretAsFixedString(toUInt64(1 + number)), if(number = 0, toFixedString('', 8), reinterpretAsFixedString(toUInt64(1))),
         concat(['take ', 'pay '][1 + number], {s:String}), 2 * number FROM numbers(2)`,
      bound,
      { settings: { insert_deduplicate: 0 } },
    );
    await store.execute(
      `INSERT INTO logs (organisation, site, environment, service, ts, received_at, severity, body)
       SELECT {o:String}, {s:String}, ['production', 'staging'][1 + number], ['gateway', 'payment'][1 + number], fromUnixTimestamp64Milli({at:Int64} + number), now64(), 9,
         concat('{"site":"', {s:String}, '","ms":', toString(10 * (1 + number)), '}') FROM numbers(2)`,
      bound,
      { settings: { insert_deduplicate: 0 } },
    );
  }
  app = Fastify();
  const deps = {
    store,
    control,
    clock: systemClock,
    logger: silentLogger,
    settings: { version: 'test', publicUrl: '', demo: false, checkReplies: true },
  } as unknown as ApiDeps;
  await registerApi(app, deps, [...traceqlRoutes, ...logqlRoutes]);
});
afterAll(async () => {
  await app?.close();
  await store?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(path: 'traceql' | 'logql', query: Readonly<Record<string, string>>, key = 'acme') {
  const search = new URLSearchParams({ from: String(endMs - 60 * minuteMs), to: String(endMs), ...query }).toString();
  const reply = await app.inject({ url: `/api/v1/${path}?${search}`, headers: { authorization: `Bearer ${key}` } });
  return { status: reply.statusCode, text: reply.body, json: () => reply.json() };
}

interface Columns {
  readonly series: readonly { readonly labels: Record<string, string>; readonly values: readonly (number | null)[] }[];
}
const totals = ({ series }: Columns): string[] =>
  series
    .map(
      ({ labels, values }) => `${JSON.stringify(labels)} ${values.reduce<number>((sum, one) => sum + (one ?? 0), 0)}`,
    )
    .toSorted();

describe('TraceQL', () => {
  const structural = '{ resource.service.name = "gateway" } >> { status = error }';
  const roots = async (query: Record<string, string>, key?: string): Promise<string[]> => {
    const reply = await ask('traceql', query, key);
    expect(reply.status).toBe(200);
    return reply
      .json()
      .found.traces.map(({ rootName }: { rootName: string }) => rootName)
      .toSorted();
  };

  test('traces with the spans that matched', async () => {
    const { found } = (await ask('traceql', { q: structural })).json();
    expect(found).toMatchObject({ kind: 'traces', complete: true });
    expect(found.traces.find(({ rootName }: { rootName: string }) => rootName === 'take A')).toMatchObject({
      rootService: 'gateway',
      at: endMs - 10 * minuteMs,
      services: ['gateway', 'payment'],
      spans: 2,
      errors: 1,
      sets: [{ matched: 1, spans: [{ name: 'pay A', durationMs: 2, values: { status: 'error' } }] }],
    });
  });

  test.each<[string, Record<string, string>, string | undefined, string[]]>([
    ['the organisation', {}, undefined, ['take A', 'take B']],
    ['another organisation', {}, 'rival', ['take C']],
    ['a site', { site: 'A' }, undefined, ['take A']],
    ['a key of one site', {}, 'acme-B', ['take B']],
    ['a service', { service: 'payment' }, undefined, ['take A', 'take B']],
    ['a service that takes no part', { service: 'stock' }, undefined, []],
    ['another environment', { environment: 'staging' }, undefined, []],
    ['a limit', { limit: '1' }, undefined, ['take A']],
  ])('in the scope of %s', async (_, query, key, expected) => {
    const found = await roots({ q: structural, ...query }, key);
    expect(query['limit'] === undefined ? found : found.length).toEqual(
      query['limit'] === undefined ? expected : expected.length,
    );
  });

  test.each<[string, Record<string, string>, string | undefined, string[]]>([
    ['all', {}, undefined, ['{"name":"pay A"} 1', '{"name":"pay B"} 1']],
    ['a key of one site', {}, 'acme-B', ['{"name":"pay B"} 1']],
    ['a service without failures', { service: 'gateway' }, undefined, []],
  ])('a metrics query over time: %s', async (_, query, key, expected) => {
    const reply = await ask('traceql', { q: '{ status = error } | count_over_time() by (name)', ...query }, key);
    expect(reply.status).toBe(200);
    expect(totals(reply.json().found.columns)).toEqual(expected);
  });

  test.each([
    ['{ name =~ "take .*" } >> {} | compare({ name = "pay A" })', undefined, 1, 1],
    ['{} | compare({ status = error })', undefined, 2, 2],
    ['{} | compare({ status = error })', 'acme-B', 1, 1],
  ])('%s as %s is a table of what differs', async (q, key, selected, others) => {
    const reply = await ask('traceql', { q }, key);
    expect(reply.status).toBe(200);
    const { found } = reply.json();
    expect(found).toMatchObject({ kind: 'comparison', selected, others, more: 0, cut: [] });
    expect(found.rows[0]).toMatchObject({ selected, others: 0 });
  });

  test('seconds are said where durations are measured', async () => {
    const unitOf = async (q: string) => (await ask('traceql', { q })).json().found.unit;
    expect(await unitOf('{} | avg_over_time(duration)')).toBe('s');
    // Of a histogram: its buckets.
    expect(await unitOf('{} | histogram_over_time(duration)')).toBe('s');
    expect(await unitOf('{} | histogram_over_time(span.size)')).toBe('');
    expect(await unitOf('({} | rate()) / ({} | rate())')).toBe('');
  });

  test('a key of one site asks of no other', async () => {
    expect((await ask('traceql', { q: '{}', site: 'A' }, 'acme-B')).status).toBe(403);
  });

  test.each([
    ['{ status = }', 11],
    ['{} | compare({ status = error } >> {})', 5],
  ])('%s: the place of the fault', async (q, from) => {
    const reply = await ask('traceql', { q });
    expect(reply.status).toBe(400);
    expect(reply.json().position.from).toBeGreaterThanOrEqual(from);
  });

  test('an empty range is refused', async () => {
    expect((await ask('traceql', { q: '{}', from: String(endMs) })).status).toBe(400);
  });
});

describe('LogQL', () => {
  const lines = async (query: Record<string, string>, key?: string): Promise<string[]> => {
    const reply = await ask('logql', query, key);
    expect(reply.status).toBe(200);
    const { entries } = reply.json().found as { entries: { parsed: Record<string, string>; line: string }[] };
    return entries.map(({ parsed, line }) =>
      parsed['ms'] === undefined ? line : `${parsed['site_extracted'] ?? parsed['site']} ${parsed['ms']}`,
    );
  };

  test.each<[string, Record<string, string>, string | undefined, number]>([
    ['the organisation', {}, undefined, 4],
    ['another organisation', {}, 'rival', 2],
    ['a site', { site: 'A' }, undefined, 2],
    ['a key of one site', {}, 'acme-B', 2],
    ['a service', { service: 'payment' }, undefined, 2],
    ['an environment', { environment: 'staging' }, undefined, 2],
    ['both, where nothing is', { environment: 'staging', service: 'gateway' }, undefined, 0],
    ['a limit', { limit: '3' }, undefined, 3],
  ])('lines in the scope of %s', async (_, query, key, expected) => {
    expect(await lines({ q: '{site=~".+"}', ...query }, key)).toHaveLength(expected);
  });

  test('a pipeline’s labels come by where they are from, in the order asked for', async () => {
    const reply = await ask('logql', { q: '{site="A"} | json | ms > 10', order: 'oldest' });
    expect(reply.json().found).toMatchObject({
      kind: 'lines',
      more: false,
      cut: false,
      entries: [
        { at: endMs - 10 * minuteMs + 1, stream: { service_name: 'payment', site: 'A' }, parsed: { ms: '20' } },
      ],
    });
    expect(await lines({ q: '{site="A"} | json', order: 'oldest' })).toEqual(['A 10', 'A 20']);
  });

  test.each<[string, Record<string, string>, string | undefined, string[]]>([
    ['all', {}, undefined, ['{"site":"A"} 2', '{"site":"B"} 2']],
    ['a key of one site', {}, 'acme-B', ['{"site":"B"} 2']],
    ['a service', { service: 'payment' }, undefined, ['{"site":"A"} 1', '{"site":"B"} 1']],
  ])('a metric query over time: %s', async (_, query, key, expected) => {
    const q = 'sum by (site) (count_over_time({site=~".+"}[1m])) * 1';
    // Steps of a minute: each line stands in one window.
    const reply = await ask('logql', { q, points: '60', ...query }, key);
    expect(reply.status).toBe(200);
    expect(totals(reply.json().found.columns)).toEqual(expected);
  });

  test.each(['{site=}', 'sum(rate({a="b"}))', '{site="A"} | json | ms >'])('%s: the place of the fault', async (q) => {
    const reply = await ask('logql', { q });
    expect(reply.status).toBe(400);
    expect(reply.json()).toMatchObject({ position: { from: expect.any(Number) } });
  });

  test('a key of one site asks of no other', async () => {
    expect((await ask('logql', { q: '{site="A"}', site: 'A' }, 'acme-B')).status).toBe(403);
    expect(await lines({ q: '{site="A"}' }, 'acme-B')).toEqual([]);
  });
});

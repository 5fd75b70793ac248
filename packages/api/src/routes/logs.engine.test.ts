import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, silentLogger, systemClock } from '@sightline/base';
import {
  ArchiveCatalogue,
  ArchiveReader,
  ArchiveRecords,
  ArchiveStep,
  DiskTarget,
  type EmbeddedStore,
} from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendProblem } from '../problem.ts';
import { ProblemReply, type ApiDeps, type CallContext, type Route } from '../route.ts';
import { archiveRoutes } from './archive.ts';
import { logqlRoutes } from './logql.ts';
import { logRoutes } from './logs.ts';
import { storyRoutes } from './story.ts';
import { traceRoutes } from './traces.ts';

let store: EmbeddedStore;
let app: FastifyInstance;
let address: string;
const folder = mkdtempSync(join(tmpdir(), 'sightline-routes-'));
const endMs = Date.now() + 60_000;
const range = `from=${endMs - 3_600_000}&to=${endMs}`;

const audits: string[][] = [];

/** The routes for a caller of organisation `acme`, without sign-in: that is tested with the machinery. */
function install(route: Route, deps: ApiDeps): void {
  app.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      const away = new AbortController();
      reply.raw.once('close', () => away.abort());
      const audit = async (...entry: string[]): Promise<void> => void audits.push(entry);
      const context = { deps, audit, signal: away.signal, caller: { organisation: 'acme' } } as CallContext;
      const input = {
        params: route.params?.parse(request.params),
        query: route.query?.parse(request.query),
        body: undefined,
      };
      const answered = await route.run(input, context, reply);
      if (answered instanceof ProblemReply) return sendProblem(reply, answered);
      return route.endpoint ? route.endpoint.reply.parse(answered) : reply;
    },
  });
}

beforeAll(async () => {
  store = await openMigratedStore(folder);
  await arrive('acme', 25);
  await arrive('rival', 5);
  await store.execute(
    `INSERT INTO spans (organisation, site, service, ts, duration_ns, trace_id, span_id, name, kind, status_code, correlation_id, events.ts, events.name, events.attrs, links.trace_id, links.span_id, links.attrs)
     SELECT 'acme', 'STORE_047', 'orders', fromUnixTimestamp64Milli({now:Int64}), 5000000, toFixedString(unhex('000000000000000000000000000000aa'), 16), toFixedString(unhex('00000000000000bb'), 8),
       'GET /', 2, 2, 'corr-1', [fromUnixTimestamp64Milli({now:Int64})], ['retry'], [map('n', '1')], [toFixedString(unhex('000000000000000000000000000000cc'), 16)], [toFixedString('', 8)], [map()]`,
    { now: Date.now() },
    { settings: { insert_deduplication_token: 'spans' } },
  );
  const archive = {
    logs: await archived(),
    hotDays: async () => ({ usual: 0, byClass: {} }),
    restored: async () => [],
  };
  const target = new DiskTarget(join(folder, 'archive'));
  const archiveRecords = new ArchiveRecords({
    target,
    publicKeyPem: async () => readFileSync(join(folder, 'archive/public-key.pem'), 'utf8'),
  });
  const append = async (
    _organisation: string,
    _actor: object,
    entry: Record<'action' | 'subject' | 'detail', string>,
  ) => void audits.push([entry.action, entry.subject, entry.detail]);
  const control = { audit: { append } };
  const deps = {
    store,
    control,
    clock: systemClock,
    logger: silentLogger,
    archive,
    archiveRecords,
  } as unknown as ApiDeps;
  app = Fastify();
  for (const route of [...logRoutes, ...logqlRoutes, ...archiveRoutes, ...traceRoutes, ...storyRoutes])
    install(route, deps);
  address = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await app.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What has arrived until now, as if its day were over. */
async function archived(): Promise<ArchiveCatalogue> {
  const key = generateKeyPairSync('ed25519');
  const publicKeyPem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const step = new ArchiveStep({
    store,
    clock: new ManualClock(Date.now() + 26 * 3_600_000),
    logger: silentLogger,
    waitingSinceMs: () => undefined,
    target: new DiskTarget(join(folder, 'archive')),
    keyring: undefined,
    signer: { publicKeyPem, sign: (bytes) => sign(null, bytes, key.privateKey) },
  });
  await step.prepare();
  await step.catchUp();
  const target = new DiskTarget(join(folder, 'archive'));
  const files = new ArchiveReader({ target, keys: { find: async () => undefined }, scratch: join(folder, 'copies') });
  return new ArchiveCatalogue({ files, clock: systemClock, scratch: join(folder, 'scratch') });
}

let arrivals = 0;
function arrive(organisation: string, count: number): Promise<void> {
  return store.execute(
    `INSERT INTO logs (organisation, site, service, ts, received_at, severity, body, correlation_id, attrs)
     SELECT {organisation:String}, 'STORE_047', 'orders', fromUnixTimestamp64Milli({now:Int64} + toInt64(number)), fromUnixTimestamp64Milli({now:Int64}), 17,
       concat('=order ', toString(number)), if(number = 3, 'corr-1', ''), map('n', toString(number)) FROM numbers({count:UInt32})`,
    { organisation, count, now: Date.now() },
    { settings: { insert_deduplication_token: `arrival-${arrivals++}` } },
  );
}

async function get(path: string): Promise<{ status: number; body: any }> {
  const answer = await fetch(`${address}/api/v1/${path}`);
  return { status: answer.status, body: await answer.json() };
}

test('the archive: what it holds, what a search costs, the search itself, and its note in the audit trail', async () => {
  const [day] = (await get('archive/days')).body.days;
  expect(day).toMatchObject({ files: 1, rows: 25 });
  expect((await get(`archive/days/${day.day}`)).body.files).toMatchObject([
    { class: 'default', site: 'STORE_047', rows: 25 },
  ]);
  const cost = await get(`logs/archive?${range}&q=site:STORE_047`);
  expect(cost.body).toMatchObject({ available: true, days: 1, files: 1, rows: 25, firstDay: day.day });
  expect((await get(`logs/archive?${range}&site=STORE_001`)).body).toMatchObject({ available: true, files: 0 });

  const page = await get(`logs?${range}&q=order&archive=true&limit=20`);
  expect(page.body.rows).toHaveLength(20);
  expect(page.body.rows[0]).toMatchObject({ site: 'STORE_047', place: 'archive' });
  const rest = await get(`logs?${range}&q=order&archive=true&limit=20&cursor=${page.body.next}`);
  expect(rest.body).toMatchObject({ rows: { length: 5 }, next: '', reached: { done: true, missing: [] } });
  expect((await get(`logs/histogram?${range}&q=order&archive=true`)).body).toMatchObject({
    total: 25,
    reached: { done: true },
  });
  expect((await get(`logs/facets?${range}&q=order&archive=true&fields=n&most=3`)).body.facets[0].values).toHaveLength(
    3,
  );
  expect((await get(`logs/patterns?${range}&q=order&archive=true`)).body).toMatchObject({
    total: 25,
    patterns: [{ template: '=order <_>', count: 25 }],
    reached: { done: true, missing: [] },
  });
  const exported = await fetch(`${address}/api/v1/logs/export?${range}&q=order&archive=true&format=ndjson`);
  expect((await exported.text()).trim().split('\n')).toHaveLength(25);
  const { status, body } = await get(`logs/${page.body.rows[19].id}/context?archive=true&lines=3`);
  expect([status, body.before?.length, body.after?.length]).toEqual([200, 3, 3]);

  // The same question is noted once, whatever it draws; the line's own day is another.
  expect(audits.map(([action, , detail]) => [action, detail])).toEqual([
    ['archive.search', 'search order'],
    ['archive.search', ''],
  ]);
  expect((await get(`logs?${range}&q=order`)).body.rows[0].place).toBeUndefined();
});

test('LogQL asks the archive where it is told to, and says what it read', async () => {
  // Of the last hours the engine holds all.
  const days = `from=${endMs - 3 * 86_400_000}&to=${endMs + 86_400_000}`;
  const q = encodeURIComponent('{site="STORE_047"} |= "order"');
  const far = await get(`logql?${days}&q=${q}&archive=true`);
  expect(far.body).toMatchObject({
    found: { kind: 'lines', entries: { length: 25 } },
    warnings: [expect.stringContaining('of the archive')],
  });
  expect(audits.at(-1)?.[2]).toBe('LogQL {site="STORE_047"} |= "order"');
  const noted = audits.length;
  const counted = encodeURIComponent('sum(count_over_time({site="STORE_047"} |= "order" [1d]))');
  const series = await get(`logql?${days}&q=${counted}&archive=true`);
  expect(series.body.found).toMatchObject({ kind: 'metrics' });
  expect(Math.max(...series.body.found.columns.series[0].values)).toBe(25);
  expect(audits).toHaveLength(noted + 1);
  const near = await get(`logql?${days}&q=${q}`);
  expect(near.body.warnings).toEqual([]);
  expect(audits).toHaveLength(noted + 1);
});

test('records of what was taken out are listed, and handed out with signature and key', async () => {
  const at = join(folder, 'archive/acme/records');
  const none = await get('archive/records');
  expect(none.body).toEqual({ available: true, records: [], next: null });
  mkdirSync(at);
  const record = {
    version: 1,
    kind: 'files-deleted',
    organisation: 'acme',
    number: 1,
    previous: null,
    at: '2026-10-05T00:00:00.000Z',
  };
  const file = {
    day: '2026-10-01',
    path: 'default/a.parquet',
    class: 'default',
    site: null,
    rows: 7,
    bytes: 9,
    sha256: 'aa',
  };
  const said = { by: 'Sightline', reason: 'over', class: '', keys: [], unreadable: { files: 0, rows: 0 } };
  const text = JSON.stringify({ ...record, ...said, files: [file], key: 'SHA256:x' });
  writeFileSync(join(at, '000001.record'), `${text}\n${Buffer.alloc(64, 1).toString('base64')}\n`);
  expect((await get('archive/records')).body).toMatchObject({
    records: [
      {
        number: 1,
        by: 'Sightline',
        files: 1,
        rows: 7,
        firstDay: '2026-10-01',
        fault: expect.stringContaining('not signed by'),
      },
    ],
  });
  const part = async (name: string) => {
    const answer = await fetch(`${address}/api/v1/archive/records/1?part=${name}`);
    return [answer.headers.get('content-disposition'), await answer.text()] as const;
  };
  expect(await part('record')).toEqual(['attachment; filename="record-1.json"', text]);
  expect((await part('signature'))[1]).toHaveLength(64);
  expect((await part('key'))[1]).toContain('BEGIN PUBLIC KEY');
  expect((await get('archive/records/2')).status).toBe(404);
  expect((await get('archive/check?from=2026-10-01&through=2026-10-02')).body).toMatchObject({ available: false });
  rmSync(at, { recursive: true });
});

describe('answers of the contract', () => {
  test('search, with what to light up and the next page', async () => {
    const { status, body } = await get(`logs?${range}&q=order+site:store_047&limit=10`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ words: ['order'], rows: { length: 10 } });
    const rest = await get(`logs?${range}&q=order&limit=100&cursor=${body.next}`);
    expect(rest.body.rows).toHaveLength(15);
    expect(rest.body.next).toBe('');
  });

  test('histogram, facets, fields, context', async () => {
    expect((await get(`logs/histogram?${range}`)).body).toMatchObject({ total: 25 });
    expect((await get(`logs/facets?${range}&fields=service,n`)).body.facets).toMatchObject([
      { field: 'service', values: [{ value: 'orders', records: 25 }] },
      { field: 'n', values: { length: 10 } },
    ]);
    expect((await get(`logs/patterns?${range}&q=order`)).body).toMatchObject({
      total: 25,
      sampled: 25,
      other: 0,
      patterns: [{ template: '=order <_>', count: 25, share: 1, severity: 'error', phrases: ['order'] }],
    });
    const values = await get(`logs/patterns/values?${range}&q=order&template=${encodeURIComponent('=order <_>')}`);
    expect(values.body).toMatchObject({
      lines: 25,
      every: 1,
      variables: [{ name: 'order', distinct: 25, numbers: { min: 0, median: 12, max: 24, unit: '' } }],
    });
    expect(values.body.variables[0].top).toHaveLength(10);
    expect(values.body.variables[0].top[0]).toMatchObject({ value: '0', lines: 1, phrase: 'order 0' });
    expect((await get(`logs/fields?${range}&field=service`)).body).toEqual({ fields: [], values: ['orders'] });
    const { body } = await get(`logs?${range}&limit=10`);
    const context = await get(`logs/${body.rows[5].id}/context?lines=3`);
    expect(context.body).toMatchObject({ row: { id: body.rows[5].id }, before: { length: 3 }, after: { length: 3 } });
    const more = await get(`logs/${body.rows[5].id}/context?lines=100&side=before&cursor=${context.body.moreBefore}`);
    expect(more.body).toMatchObject({ before: { length: 16 }, after: [], moreBefore: '', moreAfter: '' });
    expect((await get(`logs/facets?${range}&fields=n&most=200`)).body.facets[0].values).toHaveLength(25);
    expect((await get(`logs/found-fields?${range}&q=order`)).body).toEqual({
      fields: [{ name: 'n', from: 'attributes', records: 25 }],
      records: 25,
      estimated: false,
    });
  });

  test('traces, one trace, services, story', async () => {
    expect((await get(`traces?${range}&q=status:error`)).body.traces).toMatchObject([
      { rootName: 'GET /', spans: 1, errors: 1 },
    ]);
    expect((await get('traces/000000000000000000000000000000AA')).body).toMatchObject({
      spans: [
        {
          events: [{ name: 'retry', attributes: { n: '1' } }],
          links: [{ traceId: '000000000000000000000000000000cc' }],
        },
      ],
    });
    expect((await get(`services?${range}`)).body.services).toMatchObject([{ service: 'orders', errorRate: 1 }]);
    expect((await get('story/corr-1')).body).toMatchObject({ lanes: ['orders'], entries: { length: 2 } });
  });
});

describe('refusals', () => {
  test.each([
    ['a search that cannot be read', `logs?${range}&q=service:`, 400, { from: 0, to: 8 }],
    ['of values of a pattern', `logs/patterns/values?${range}&q=(a&template=x`, 400, { from: 0, to: 1 }],
    ['in the histogram', `logs/histogram?${range}&q=(a`, 400, { from: 0, to: 1 }],
    ['in the fields found', `logs/found-fields?${range}&q=a+OR`, 400, { from: 4, to: 4 }],
    ['in the export', `logs/export?${range}&q=a+OR`, 400, { from: 4, to: 4 }],
    ['in the tail', `logs/tail?q=severity:loud`, 400, { from: 9, to: 13 }],
    ['in traces', `traces?${range}&q=duration:>x`, 400, { from: 10, to: 11 }],
    ['a log that is not', 'logs/1-0000000000000000/context', 404, undefined],
    ['a trace that is not', 'traces/ffffffffffffffffffffffffffffffff', 404, undefined],
  ])('%s', async (_, path, status, position) => {
    const answered = await get(path);
    expect(answered.status).toBe(status);
    expect(answered.body.position).toEqual(position);
  });
});

describe('export', () => {
  test('a place is free again once an export has ended or was given up', async () => {
    for (let i = 0; i < 10; i++) {
      const given = new AbortController();
      const answer = await fetch(`${address}/api/v1/logs/export?${range}`, { signal: given.signal });
      expect(answer.status).toBe(200);
      if (i % 2 === 0) await answer.text();
      else given.abort();
    }
  });

  test('CSV is a file whose cells never compute', async () => {
    const answer = await fetch(`${address}/api/v1/logs/export?${range}&format=csv`);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="logs-[\dT-]+\.csv"$/);
    const lines = (await answer.text()).split('\r\n');
    expect(lines).toHaveLength(27);
    expect(lines[1]).toContain(`"'=order 24"`);
  });

  test('NDJSON, also of nothing', async () => {
    expect(
      (await (await fetch(`${address}/api/v1/logs/export?${range}&format=ndjson&order=oldest`)).text())
        .trim()
        .split('\n'),
    ).toHaveLength(25);
    expect(await (await fetch(`${address}/api/v1/logs/export?${range}&format=ndjson&q=nothing`)).text()).toBe('');
  });
});

test('live tail: what arrives, of this organisation, until the client goes', async () => {
  const leave = new AbortController();
  const answer = await fetch(`${address}/api/v1/logs/tail?q=order`, { signal: leave.signal });
  expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  await arrive('rival', 2);
  await arrive('acme', 2);
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece as Uint8Array);
    if (text.split('event: row').length > 2) break;
  }
  leave.abort();
  const rows = [...text.matchAll(/^data: (.*)$/gm)].map((line) => JSON.parse(line[1] ?? '') as { body: string });
  expect(rows.map((row) => row.body)).toEqual(['=order 0', '=order 1']);
});

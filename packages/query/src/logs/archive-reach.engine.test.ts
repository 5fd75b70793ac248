import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import type { TelemetryReader } from '@sightline/store/port';
import { ArchiveCatalogue, ArchiveReader, ArchiveStep, DiskTarget, Keyring, RestoreStep } from '@sightline/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../test-support.ts';
import { archivedPart, archiveReach, type HotDays } from './archive-reach.ts';
import { logFacets } from './log-facets.ts';
import { logHistogram } from './log-histogram.ts';
import { withTable } from './log-table.ts';
import type { LogReach } from './log-reach.ts';
import { restoredReach } from './restored-reach.ts';
import { countDocuments, documentBounds, searchDocuments } from '../elasticsearch/index.ts';
import {
  indexStats,
  indexVolume,
  listLabels,
  listLabelValues,
  listStreams,
  logsOfMetric,
  parseLogql,
  parseLogSelector,
  runLogQuery,
  runMetricQuery,
  type LogqlQuery,
} from '../logql/index.ts';
import { logPatterns } from '../patterns/log-patterns.ts';
import { ExportBrokenOff, exportLogs, getLog, getLogContext, searchLogs, type LogSearch } from './search-logs.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const today = Math.floor(Date.now() / dayMs) * dayMs;
/** Begin of the first of eight days that are archived; the ninth is not over. */
const startMs = today - 8 * dayMs;
/** The moment of the searches: by then the engine's days of the first five days are over. */
const nowMs = startMs + 35 * dayMs;
const hotFromMs = nowMs - 30 * dayMs + hourMs;

let engine: TestStore;
let folder: string;
let archive: ArchiveCatalogue;
let keyring: Keyring;
let opened = 0;

interface Sent {
  readonly body: string;
  readonly ts: number;
  readonly received: number;
  readonly site: string;
  readonly severity: number;
}

/** Every hour of eight days two lines, one of each site; some of them came late, by hours or by days. */
const sent: Sent[] = [];
for (let hour = 0; hour < 8 * 24; hour++) {
  const ts = startMs + hour * hourMs + 1234;
  const lateMs = hour % 7 === 3 ? 30 * hourMs : hour % 11 === 5 ? 3 * dayMs : 1000;
  for (const site of ['STORE_001', 'STORE_002'])
    sent.push({
      body: `line ${hour} at ${site}${hour % 48 === 7 ? ' needle' : ''}`,
      ts,
      received: ts + lateMs,
      site,
      severity: hour % 5 === 0 ? 17 : 9,
    });
}
/** On the day that is not over: one of now, and one that is five days late. */
const late: Sent[] = [
  { body: 'of today', ts: today + hourMs, received: today + hourMs, site: 'STORE_001', severity: 9 },
  { body: 'came today', ts: startMs + dayMs + 777, received: today + hourMs, site: 'STORE_001', severity: 9 },
];
const arrived = [...sent, ...late].filter(
  ({ received }) => received < today || late.some((one) => one.received === received),
);

/** Whether a record is of the class compliance; else it is of the default one. */
const isKept = (body: string): boolean => /^line \d*[37] /.test(body);

const rowOf = ({ body, ts, received, site, severity }: Sent): Record<string, unknown> => ({
  organisation: 'acme',
  body,
  site,
  service: 'pos',
  device: 'pos-1',
  severity,
  ts: new Date(ts).toISOString(),
  received_at: new Date(received).toISOString(),
  attrs: { 'order.id': `ORD-${body.split(' ')[1]}`, ...(isKept(body) ? { 'retention.class': 'compliance' } : {}) },
  res: { 'host.name': site },
});

function openCatalogue(): ArchiveCatalogue {
  const target = new DiskTarget(path.join(folder, 'archive'));
  const files = new ArchiveReader({ target, keys: keyring, scratch: path.join(folder, 'copies') });
  return new ArchiveCatalogue({
    files: {
      days: (organisation) => files.days(organisation),
      manifest: (organisation, day) => files.manifest(organisation, day),
      open: (of) => {
        opened++;
        return files.open(of);
      },
    },
    clock: new ManualClock(nowMs),
    scratch: path.join(folder, 'scratch'),
    entriesAtMost: 5,
  });
}

beforeAll(async () => {
  engine = await openTestStore();
  folder = await mkdtemp(path.join(tmpdir(), 'sightline-archive-'));
  await engine.insert('logs', arrived.map(rowOf));
  await engine.insert('logs', [{ ...rowOf(sent[0]!), organisation: 'rival', body: 'theirs' }]);
  keyring = new Keyring(path.join(folder, 'keys'), { seal: (text) => Buffer.from(text), open: String });
  const key = generateKeyPairSync('ed25519');
  const step = new ArchiveStep({
    store: engine.store,
    clock: new ManualClock(today + 2 * hourMs),
    logger: silentLogger,
    waitingSinceMs: () => undefined,
    target: new DiskTarget(path.join(folder, 'archive')),
    keyring,
    signer: {
      publicKeyPem: key.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      sign: (bytes) => sign(null, bytes, key.privateKey),
    },
  });
  await step.prepare();
  await step.catchUp();
  archive = openCatalogue();
}, 60_000);
afterAll(async () => {
  await archive.close();
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

const usual: HotDays = { usual: 30, byClass: {} };
function reach({
  hot = usual,
  site = '',
  ...bounds
}: Partial<LogReach> & { hot?: HotDays; site?: string } = {}): LogReach {
  return archiveReach(
    {
      archive,
      organisation: 'acme',
      nowMs,
      hot,
      mayHold: (file) => site === '' || file.site === site,
    },
    { budgetBytes: 1e9, mayGoOn: () => true, limits: {}, ...bounds },
  );
}
const scope = (q = '', more: Partial<LogSearch> = {}): LogSearch => ({
  organisation: 'acme',
  fromMs: startMs - dayMs,
  toMs: nowMs,
  environment: '',
  site: '',
  service: '',
  q,
  order: 'newest',
  limit: 1000,
  cursor: '',
  ...more,
});

async function everyPage(input: LogSearch): Promise<string[]> {
  const bodies: string[] = [];
  let cursor = '';
  do {
    const page = await searchLogs(engine.store, { ...input, cursor });
    if (!page.ok) throw new Error(page.error.message);
    bodies.push(...page.value.rows.map(({ body }) => body));
    cursor = page.value.next;
    if (bodies.length > 2000) throw new Error('it never ends');
  } while (cursor !== '');
  return bodies;
}

/** What a search has to find, newest first. */
const expected = (fits: (one: Sent) => boolean = () => true): string[] =>
  arrived
    .filter(fits)
    .toSorted((a, b) => b.ts - a.ts)
    .map(({ body }) => body);
/** Two sites share each moment: their order is that of their hashes. */
const sorted = (bodies: readonly string[]): string[] => bodies.toSorted();

describe.each([
  ['while the engine still holds everything', async () => undefined],
  [
    'once the engine has let go of what is older',
    () =>
      engine.store.execute(
        'ALTER TABLE logs DELETE WHERE ts < fromUnixTimestamp64Milli({until:Int64}) AND received_at < fromUnixTimestamp64Milli({today:Int64})',
        { until: nowMs - 30 * dayMs, today },
        { settings: { mutations_sync: 1 } },
      ),
  ],
])('%s', (_, prepare) => {
  beforeAll(async () => {
    await prepare();
  }, 60_000);

  test.each([50, 1000])('each record is found once, by pages of %d', async (limit) => {
    for (const order of ['newest', 'oldest'] as const) {
      const found = await everyPage(scope('', { limit, order, reach: reach() }));
      expect(sorted(found)).toEqual(sorted(expected()));
      const hours = found.map((body) => Number(/^line (\d+)/.exec(body)?.[1] ?? -1)).filter((hour) => hour >= 0);
      expect(hours).toEqual(hours.toSorted((a, b) => (order === 'newest' ? b - a : a - b)));
    }
  });

  test.each([
    [28, 30],
    [30, 28],
  ])(
    'classes may stay in the engine for other times: default %d days, compliance %d',
    async (byDefault, compliance) => {
      const hot = { usual: byDefault, byClass: { default: byDefault, compliance } };
      expect(sorted(await everyPage(scope('', { reach: reach({ hot }) })))).toEqual(sorted(expected()));
      const kept = expected(({ body }) => isKept(body));
      expect(sorted(await everyPage(scope('retention.class:compliance', { reach: reach({ hot }) })))).toEqual(
        sorted(kept),
      );
    },
  );

  test('words, fields and sites are searched as in the engine', async () => {
    const needles = expected(({ body }) => body.includes('needle'));
    expect(sorted(await everyPage(scope('needle', { reach: reach() })))).toEqual(sorted(needles));
    expect(await everyPage(scope('order.id:ORD-30 site:store_002', { reach: reach() }))).toEqual([
      'line 30 at STORE_002',
    ]);
    const errors = expected(({ severity, site }) => severity === 17 && site === 'STORE_001');
    expect(
      await everyPage(scope('severity:error', { site: 'STORE_001', reach: reach({ site: 'STORE_001' }) })),
    ).toEqual(errors);
  });

  test('histogram and facets count every record once', async () => {
    const counted = await logHistogram(engine.store, { ...scope('line'), buckets: 60, reach: reach() });
    if (!counted.ok) throw new Error(counted.error.message);
    const lines = expected(({ body }) => body.startsWith('line'));
    expect(counted.value).toMatchObject({ total: lines.length, reached: { done: true, missing: [] } });
    const ofErrors = counted.value.buckets.reduce((sum, { counts }) => sum + counts.error, 0);
    expect(ofErrors).toBe(expected(({ body, severity }) => body.startsWith('line') && severity === 17).length);
    let statements = 0;
    const counting: TelemetryReader = {
      query: (sql, ...more) => {
        if (sql.includes('file(')) statements++;
        return engine.store.query(sql, ...more);
      },
      stream: (...question) => engine.store.stream(...question),
    };
    const fields = ['site', 'order.id', 'severity', 'host.name', 'nothing'];
    const facets = await logFacets(counting, { ...scope('line'), fields, most: 200, reach: reach() });
    if (!facets.ok) throw new Error(facets.error.message);
    // Files are read once, however many fields are asked for.
    expect(statements).toBe(1);
    expect(facets.value.map(({ field }) => field)).toEqual(fields);
    expect(facets.value[1]?.values.reduce((sum, { records }) => sum + records, 0)).toBe(lines.length);
    expect(facets.value[2]?.values).toContainEqual({ value: 'error', records: ofErrors });
    expect(facets.value[3]?.values).toEqual(facets.value[0]?.values);
    expect(facets.value[4]?.values).toEqual([]);
    expect(facets.value[0]).toEqual({
      field: 'site',
      estimated: false,
      values: ['STORE_001', 'STORE_002'].map((value) => ({
        value,
        records: expected(({ body, site }) => body.startsWith('line') && site === value).length,
      })),
    });
  });

  test('LogQL finds and counts every record once', async () => {
    const logql = (text: string): LogqlQuery => {
      const parsed = parseLogql(text);
      if (!parsed.ok) throw new Error(parsed.error.message);
      return parsed.value;
    };
    const range = { fromNs: BigInt(startMs - dayMs) * 1_000_000n, toNs: BigInt(nowMs) * 1_000_000n };
    for (const direction of ['backward', 'forward'] as const) {
      const query = logql('{site=~"STORE_00.", service_name="pos"} |= "line" | order_id != "ORD-30"');
      if (query.kind !== 'log') throw new Error('not a log query');
      const asked = { organisation: 'acme', site: '', query, range, direction, limit: 1000 };
      const found = await runLogQuery(engine.store, { ...asked, reach: reach() });
      const wanted = expected(({ body }) => body.startsWith('line') && !body.startsWith('line 30 '));
      expect(sorted(found.entries.map(({ line }) => line))).toEqual(sorted(wanted));
      expect(found.reached).toMatchObject({ done: true, missing: [] });
      expect(found.reached?.archivedBytes).toBeGreaterThan(0);
      const times = found.entries.map(({ tsNs }) => tsNs);
      expect(times).toEqual(direction === 'forward' ? times.toSorted() : times.toSorted().toReversed());
    }
    // Grouped by the engine, and over streamed lines.
    for (const [text, ways] of [
      ['sum by (site) (count_over_time({service_name="pos"} |= "line" [40d]))', ['engine']],
      [
        'sum by (site) (count_over_time({service_name="pos"} |= "line" | regexp "(?P<n>[0-9]+)" | n >= 0 [40d]))',
        ['lines'],
      ],
    ] as const) {
      const query = logql(text);
      if (query.kind === 'log') throw new Error('a log query');
      const asked = { organisation: 'acme', site: '', query, startMs: nowMs, endMs: nowMs, stepMs: 0 };
      const answer = await runMetricQuery(engine.store, { ...asked, reach: reach() });
      if (!answer.ok || answer.value.value.type !== 'vector') throw new Error(JSON.stringify(answer));
      expect(answer.value.ways).toEqual(ways);
      expect(answer.value.archive.bytes).toBeGreaterThan(0);
      const counts = answer.value.value.samples.map(({ labels, value }) => [labels['site'], value]);
      const of = (site: string): number => expected((one) => one.body.startsWith('line') && one.site === site).length;
      expect(Object.fromEntries(counts)).toEqual({
        STORE_001: of('STORE_001'),
        STORE_002: of('STORE_002'),
      });
      const bounded = await runMetricQuery(engine.store, { ...asked, reach: reach({ budgetBytes: 1000 }) });
      expect(bounded).toMatchObject({
        ok: false,
        error: { kind: 'bad_data', message: expect.stringMatching(/would read .* of the archive/) },
      });
      expect(logsOfMetric(query, nowMs, nowMs)).toMatchObject({ fromMs: nowMs - 40 * dayMs, toMs: nowMs });
    }
  });

  test('labels, values, streams, stats and volumes are of every record, each once', async () => {
    const selector = parseLogSelector('{service_name="pos"} |= "line"');
    if (!selector.ok) throw new Error(selector.error.message);
    const query = selector.value;
    const range = { fromNs: BigInt(startMs - dayMs) * 1_000_000n, toNs: BigInt(nowMs) * 1_000_000n };
    const asked = (more: Partial<LogReach> = {}) => ({ organisation: 'acme', site: '', range, reach: reach(more) });
    const { store } = engine;
    const lines = arrived.filter(({ body }) => body.startsWith('line'));
    const bytesOf = (all: readonly Sent[]): number => all.reduce((sum, { body }) => sum + body.length, 0);

    const stats = await indexStats(store, asked(), query);
    expect(stats.value).toMatchObject({ streams: 4, entries: lines.length, bytes: bytesOf(lines) });
    expect(stats.archive.bytes).toBeGreaterThan(0);
    expect(stats.archive.leftOut).toBeUndefined();
    const streams = (await listStreams(store, asked(), query)).value;
    expect(streams.map(({ labels }) => [labels['site'], labels['level']].join(' ')).toSorted()).toEqual([
      'STORE_001 error',
      'STORE_001 info',
      'STORE_002 error',
      'STORE_002 info',
    ]);
    expect(streams.reduce((sum, { entries }) => sum + entries, 0)).toBe(lines.length);
    expect((await listLabels(store, asked(), query)).value).toEqual(['device', 'level', 'service_name', 'site']);
    expect((await listLabelValues(store, asked(), 'host_name', query)).value).toEqual(['STORE_001', 'STORE_002']);
    const by = { labels: ['site'], limit: 10, stepMs: dayMs };
    const volumes = (await indexVolume(store, asked(), query, by)).value;
    for (const { labels, points, bytes } of volumes) {
      const own = lines.filter(({ site }) => site === labels['site']);
      expect(bytes).toBe(bytesOf(own));
      expect(Object.fromEntries(points)).toEqual(
        Object.fromEntries(
          [...Map.groupBy(own, ({ ts }) => Math.floor((ts - startMs + dayMs) / dayMs))].map(([bucket, some]) => [
            bucket,
            bytesOf(some),
          ]),
        ),
      );
    }
    expect(volumes).toHaveLength(2);

    // Two days fit, and buckets are still counted from the range's begin.
    const total = stats.archive.bytes;
    const bounded = await indexVolume(store, asked({ budgetBytes: total / 2 }), query, by);
    const { leftOut } = bounded.archive;
    expect(leftOut?.fromMs).toBeGreaterThan(startMs);
    expect(leftOut!.bytes + bounded.archive.bytes).toBe(total);
    const since = lines.filter(({ ts }) => ts >= leftOut!.fromMs);
    expect(bounded.value.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(bytesOf(since));
    const first = Math.min(...bounded.value.flatMap(({ points }) => points.map(([bucket]) => bucket)));
    expect(first).toBe((leftOut!.fromMs - startMs + dayMs) / dayMs);
    // Nothing fits: the engine's own days alone.
    const alone = await indexStats(store, asked({ budgetBytes: 10 }), query);
    expect(alone.archive).toMatchObject({ bytes: 0, leftOut: { fromMs: hotFromMs, bytes: total } });
    expect(alone.value.entries).toBe(lines.filter(({ ts }) => ts >= hotFromMs).length);
  });

  test('what the views by minute know no file is read for; older sites come from the catalogue', async () => {
    const range = { fromNs: BigInt(startMs - dayMs) * 1_000_000n, toNs: BigInt(nowMs) * 1_000_000n };
    const selector = parseLogSelector('{site=~"STORE_.*"}');
    if (!selector.ok) throw new Error(selector.error.message);
    const values = async (label: string, more: Partial<LogReach> = {}) => {
      const before = opened;
      const asked = { organisation: 'acme', site: '', range, reach: reach(more) };
      const found = await listLabelValues(engine.store, asked, label, selector.value);
      return { values: found.value, read: found.archive.bytes > 0, opened: opened - before };
    };
    const sites = ['STORE_001', 'STORE_002'];
    expect(await values('site')).toEqual({ values: sites, read: false, opened: 0 });
    expect(await values('level')).toEqual({ values: ['info', 'error'], read: false, opened: 0 });
    // As if the views had let go of them.
    const old = { ...reach(), volumeFromMs: nowMs };
    expect(await values('site', old)).toEqual({ values: sites, read: false, opened: 0 });
    const asked = { organisation: 'acme', site: '', range, reach: old };
    expect(await listLabelValues(engine.store, asked, 'level', selector.value)).toMatchObject({
      value: ['info', 'error'],
      archive: { bytes: expect.any(Number) as number },
    });
    const one = await old.sites({ fromNs: range.fromNs, toNs: BigInt(startMs - 1) * 1_000_000n });
    expect(one?.size).toBe(0);
  });

  test('documents and patterns count every record once', async () => {
    const body = {
      size: 1000,
      track_total_hits: true,
      sort: [{ '@timestamp': 'asc' }],
      query: {
        bool: {
          must: [{ match: { message: 'line' } }],
          filter: [
            { range: { '@timestamp': { gte: startMs - dayMs, lt: nowMs } } },
            { term: { 'site.id': 'STORE_002' } },
          ],
        },
      },
      aggs: { levels: { terms: { field: 'log.level' }, aggs: { orders: { cardinality: { field: 'order.id' } } } } },
    };
    const bounds = documentBounds(body, nowMs);
    expect(bounds).toEqual({ fromMs: startMs - dayMs, toMs: nowMs + 1, sites: new Set(['STORE_002']) });
    const range = { fromNs: BigInt(startMs - dayMs) * 1_000_000n, toNs: BigInt(nowMs) * 1_000_000n };
    const scoped = { organisation: 'acme', site: '', index: '', nowMs };
    const found = await withTable(range, reach({ site: 'STORE_002' }), async (table) => ({
      search: await searchDocuments(engine.store, scoped, body, {}, table),
      count: await countDocuments(engine.store, scoped, { query: body.query }, {}, table),
    }));
    if ('tooMuch' in found || !found.value.search.ok || !found.value.count.ok) throw new Error(JSON.stringify(found));
    const lines = expected((one) => one.body.startsWith('line') && one.site === 'STORE_002');
    const { hits, aggregations } = found.value.search.value as {
      hits: { total: { value: number }; hits: { _source: { message: string } }[] };
      aggregations: { levels: { buckets: { key: string; doc_count: number; orders: { value: number } }[] } };
    };
    expect(found.value.count.value).toBe(lines.length);
    expect(hits.total.value).toBe(lines.length);
    expect(hits.hits.map(({ _source }) => _source.message)).toEqual(lines.toReversed());
    const errors = expected((one) => one.body.startsWith('line') && one.site === 'STORE_002' && one.severity === 17);
    const ofErrors = aggregations.levels.buckets.find(({ key }) => key === 'error');
    expect(ofErrors).toMatchObject({ doc_count: errors.length, orders: { value: errors.length } });

    const patterns = await logPatterns(engine.store, { ...scope('line'), limit: 100, reach: reach() });
    if (!patterns.ok || 'tooMuch' in patterns.value) throw new Error(JSON.stringify(patterns));
    const all = expected((one) => one.body.startsWith('line'));
    expect(patterns.value.total).toBe(all.length);
    expect(patterns.value.patterns.reduce((sum, { count }) => sum + count, 0)).toBe(all.length);
    expect(patterns.value.patterns.map(({ template }) => template)).toContain('line <_> at <_> needle');
    const bounded = await logPatterns(engine.store, {
      ...scope('line'),
      limit: 100,
      reach: reach({ budgetBytes: 1000 }),
    });
    expect(bounded).toMatchObject({ value: { tooMuch: { mostBytes: 1000 } } });
  });

  test('a line and those around it', async () => {
    const [line] = await searchLogs(engine.store, scope('"line 30"', { site: 'STORE_001', reach: reach() })).then(
      (page) => (page.ok ? page.value.rows : []),
    );
    expect(line).toMatchObject({
      body: 'line 30 at STORE_001',
      place: 'archive',
      traceId: '',
      attributes: { 'order.id': 'ORD-30' },
    });
    expect(await getLog(engine.store, 'acme', line!.id, {}, reach())).toEqual(line);
    expect(await getLog(engine.store, 'rival', line!.id, {}, reach())).toBeUndefined();
    const input = { organisation: 'acme', id: line!.id, lines: 2, side: 'both', cursor: '', reach: reach() } as const;
    const around = await getLogContext(engine.store, input);
    expect([around?.before, around?.after].map((rows) => rows?.map(({ body }) => body.split(' at')[0]))).toEqual([
      ['line 28', 'line 29'],
      ['line 31', 'line 32'],
    ]);
  });

  test('as a stream', async () => {
    const rows = exportLogs(engine.store, { ...scope(), order: 'oldest', limit: 10_000, reach: reach() });
    if (!rows.ok) throw new Error(rows.error.message);
    const bodies: string[] = [];
    for await (const row of rows.value) bodies.push(row.body);
    expect(sorted(bodies)).toEqual(sorted(expected()));
  });
});

type Restore = Awaited<ReturnType<ConstructorParameters<typeof RestoreStep>[0]['restores']['open']>>[number];

test('days come back, once whatever happens meanwhile, are found with all the rest, and leave again', async () => {
  const dayOf = (n: number): string => new Date(startMs + n * dayMs).toISOString().slice(0, 10);
  let restore: Restore & { detail?: string; files?: number } = {
    id: 'restore_1',
    organisation: 'acme',
    fromDay: dayOf(0),
    toDay: dayOf(2),
    site: 'STORE_001',
    class: '',
    leavesAt: nowMs + dayMs,
    readyAt: null,
    filesDone: 0,
    rows: 0,
    lastFile: '',
  };
  let notes = 0;
  const clock = new ManualClock(nowMs);
  const stepThatDiesAfter = (many: number) =>
    new RestoreStep({
      store: engine.store,
      archive,
      clock,
      logger: silentLogger,
      restores: {
        open: async () => [restore],
        progress: async (_, change) => {
          if (change.lastFile !== undefined && ++notes === many) throw new Error('killed before the note');
          restore = { ...restore, ...change };
        },
        ready: async () => {
          restore = { ...restore, readyAt: nowMs };
        },
        gone: async () => {
          restore = { ...restore, id: 'gone' };
        },
      },
    });
  await expect(stepThatDiesAfter(2).catchUp()).rejects.toThrow('killed before the note');
  expect(restore).toMatchObject({ filesDone: 1, readyAt: null });
  await stepThatDiesAfter(0).catchUp();
  const back = arrived.filter(({ received, site }) => received < startMs + 3 * dayMs && site === 'STORE_001');
  expect(restore).toMatchObject({ filesDone: restore.files, rows: back.length, readyAt: nowMs, detail: '' });

  const reachBack = () => restoredReach({ restored: [restore], nowMs, hot: usual });
  const held = arrived.filter(({ ts, received }) => ts >= nowMs - 30 * dayMs || received >= today);
  const found = await everyPage(scope('', { limit: 50, reach: reachBack() }));
  expect(sorted(found)).toEqual(sorted([...new Set([...held, ...back])].map(({ body }) => body)));
  const page = await searchLogs(engine.store, scope('"line 3"', { reach: reachBack() }));
  expect(page).toMatchObject({ ok: true, value: { rows: [{ body: 'line 3 at STORE_001', place: 'restored' }] } });
  expect(page).not.toHaveProperty('value.reached');
  const kept = await everyPage(
    scope('retention.class:compliance site:STORE_001', { toMs: hotFromMs, reach: reachBack() }),
  );
  expect(sorted(kept)).toEqual(
    sorted(
      [...back, ...held]
        .filter(({ body, ts, site }) => isKept(body) && ts < hotFromMs && site === 'STORE_001')
        .map(({ body }) => body),
    ),
  );

  clock.advance(dayMs);
  await stepThatDiesAfter(0).catchUp();
  expect(restore.id).toBe('gone');
  expect(await engine.store.query('SELECT count() AS n FROM restored_logs')).toEqual([{ n: '0' }]);
});

test('a call reads no more than it may, says how far it came, and the next one goes on from there', async () => {
  const first = await searchLogs(engine.store, scope('needle', { reach: reach({ budgetBytes: 1 }) }));
  expect(first).toMatchObject({ ok: true, value: { reached: { done: false } } });
  const found = await everyPage(scope('needle', { reach: reach({ budgetBytes: 1 }) }));
  expect(sorted(found)).toEqual(sorted(expected(({ body }) => body.includes('needle'))));
  const oldest = await everyPage(scope('needle', { order: 'oldest', reach: reach({ mayGoOn: () => false }) }));
  expect(sorted(oldest)).toEqual(sorted(found));
});

test('only files that may hold what is asked for are opened, and none for what the engine holds', async () => {
  opened = 0;
  await everyPage(scope('', { fromMs: hotFromMs, reach: reach() }));
  expect(opened).toBe(0);
  const parts = { archive, organisation: 'acme', nowMs, hot: usual, mayHold: () => true };
  const all = await archivedPart(parts, startMs - dayMs, nowMs);
  const one = await archivedPart(
    { ...parts, mayHold: (file) => file.site === 'STORE_001' },
    startMs + dayMs,
    startMs + 2 * dayMs,
  );
  // The day itself, and those on which late records of it came.
  expect([...new Set(one.files.map(({ day, site }) => `${(Date.parse(day) - startMs) / dayMs} ${site}`))]).toEqual(
    [1, 2, 3, 4].map((day) => `${day} STORE_001`),
  );
  expect(all).toMatchObject({ hotFromMs, firstDay: new Date(startMs).toISOString().slice(0, 10) });
  expect(await readdir(path.join(folder, 'scratch'))).toEqual([]);
  // Copies stay for the next page, and no longer than that.
  expect(await readdir(path.join(folder, 'copies'))).not.toEqual([]);
  await archive.close();
  expect(await readdir(path.join(folder, 'copies'))).toEqual([]);
});

test('a file that was deleted on record is in no catalogue any more', async () => {
  const deleted = new Set<string>();
  const clock = new ManualClock(nowMs);
  const target = new DiskTarget(path.join(folder, 'archive'));
  const files = new ArchiveReader({ target, keys: keyring, scratch: path.join(folder, 'copies-2') });
  const catalogue = new ArchiveCatalogue({
    files,
    deleted: async () => deleted,
    clock,
    scratch: path.join(folder, 'scratch-2'),
  });
  const [before] = await catalogue.days('acme');
  const [gone] = await catalogue.files('acme', before!.day);
  deleted.add(`${gone!.day}/${gone!.path}`);
  clock.advance(60_000);
  const [after] = await catalogue.days('acme');
  expect(after).toMatchObject({ files: before!.files - 1, rows: before!.rows - gone!.rows });
  expect(await catalogue.files('acme', before!.day)).not.toContainEqual(gone);
});

test('a file that is gone is named, and the others are read', async () => {
  const [gone] = await archive.filesBetween('acme', startMs, startMs + hourMs);
  await rm(path.join(folder, 'archive', 'acme', gone!.day, gone!.path));
  archive = openCatalogue();
  const page = await searchLogs(engine.store, scope('', { reach: reach() }));
  if (!page.ok) throw new Error(page.error.message);
  expect(page.value.reached?.missing).toEqual([`acme/${gone!.day}/${gone!.path} is not in the archive any more.`]);
  expect(page.value.rows).toHaveLength(arrived.length - gone!.rows);
  // An export that is not whole breaks off, unless it is asked to go on.
  const exported = async (skipMissing: boolean): Promise<number> => {
    const rows = exportLogs(engine.store, { ...scope('', { order: 'oldest', reach: reach() }), skipMissing });
    if (!rows.ok) throw new Error(rows.error.message);
    let count = 0;
    for await (const _ of rows.value) count++;
    return count;
  };
  await expect(exported(false)).rejects.toThrow(ExportBrokenOff);
  expect(await exported(true)).toBe(arrived.length - gone!.rows);
});

test('a file that cannot be read is told of, and counts for nothing', async () => {
  const day = new Date(startMs).toISOString().slice(0, 10);
  const restore = {
    id: 'restore_2',
    organisation: 'acme',
    fromDay: day,
    toDay: day,
    site: '',
    class: '',
    leavesAt: nowMs + dayMs,
    readyAt: null,
    filesDone: 0,
    rows: 0,
    lastFile: '',
  };
  const notes: { readonly rows?: number; readonly detail?: string }[] = [];
  const step = new RestoreStep({
    store: engine.store,
    archive: {
      days: (of) => archive.days(of),
      files: (of, on) => archive.files(of, on),
      open: async () => ({ table: undefined, parameters: {}, missing: ['its key is gone.'], close: async () => {} }),
    },
    clock: new ManualClock(nowMs),
    logger: silentLogger,
    restores: {
      open: async () => [restore],
      progress: async (_, change) => void notes.push(change),
      ready: async () => {},
      gone: async () => {},
    },
  });
  await step.catchUp();
  expect(notes.at(-1)).toMatchObject({
    rows: 0,
    detail: expect.stringMatching(/files could not be read\. its key is gone\.$/),
  });
});

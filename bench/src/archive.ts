import { generateKeyPairSync, sign } from 'node:crypto';
import path from 'node:path';
import { ManualClock, silentLogger, systemClock } from '@sightline/base';
import { openSealer } from '@sightline/control';
import { ArchiveStep, connectStore, DiskTarget, Keyring } from '@sightline/store';
import { organisationOf } from './queries.ts';
import { day } from './sample-day.ts';
import { usageOf } from './process-tree.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';

const days = 30;
const sites = 20;

interface ArchiveFigures {
  readonly search: string;
  readonly 'first ms': number;
  readonly 'median ms': number;
  readonly 'worst ms': number;
  /** Of the server and the engine, each time but the first. */
  readonly 'processor ms': number;
  readonly calls: number;
  readonly found: number;
}

/** `count` logs of one day, of twenty stores in turn; every 100,000th body holds the rare word. */
const logsSql = `INSERT INTO logs (organisation, site, device, environment, service, release, ts, received_at, severity, severity_text, body, trace_id, span_id, correlation_id, res, attrs)
SELECT {organisation:String}, concat('STORE_', leftPad(toString(40 + n % ${sites}), 3, '0')), 'NUC', 'production', ['terminal', 'gateway', 'orders', 'inventory', 'sync'][1 + cityHash64(n, 2) % 5], '2.4.1',
  fromUnixTimestamp64Milli({from:Int64} + toInt64(intDiv(n * ${day}, {count:UInt64}))) AS t, t + toIntervalSecond(1), if(cityHash64(n, 3) % 50 = 0, 17, 9) AS s, if(s = 17, 'ERROR', 'INFO'),
  concat(['order', 'receipt', 'basket', 'payment', 'stock'][1 + cityHash64(n, {from:Int64}, 4) % 5], ' ord_', toString(cityHash64(n, {from:Int64}, 5) % 1000000), ' ',
    ['authorized', 'captured', 'declined', 'queued', 'reserved'][1 + cityHash64(n, {from:Int64}, 6) % 5], ' in ', toString(cityHash64(n, 7) % 500), ' ms', if(n % 100000 = 7, ' quicksilver', '')),
  toFixedString(unhex(hex(sipHash128(intDiv(n, 12), {from:Int64}))), 16), toFixedString(unhex(hex(cityHash64(n, {from:Int64}))), 8), concat('corr_', lower(hex(cityHash64(intDiv(n, 12), {from:Int64})))),
  map('service.version', '2.4.1'), map('order.id', concat('ord_', toString(cityHash64(n, {from:Int64}, 5) % 1000000)), 'http.response.status_code', toString([200, 201, 404, 500][1 + cityHash64(n, 8) % 4]), 'thread.name', concat('worker-', toString(n % 8)))
FROM (SELECT number AS n FROM numbers({count:UInt64}))`;

/** Fills a server's table with the days from 61 to 31 days ago, archives them as the server does, and empties the table. */
async function fillArchive(server: ServerUnderTest, folder: string, logs: number, startMs: number): Promise<void> {
  const store = await connectStore({
    url: 'http://engine',
    socketPath: path.join(server.dataFolder, 'run', 'engine.sock'),
    clock: systemClock,
  });
  try {
    // They are older than the table keeps anything.
    await store.execute('SYSTEM STOP TTL MERGES logs');
    const organisation = await organisationOf(server);
    for (let n = 0; n < days; n++) {
      const from = startMs + n * day;
      const input = { organisation, from, count: Math.round(logs / days) };
      const settings = { insert_deduplication_token: `bench-archive-${n}` };
      await store.execute(logsSql, input, { timeoutMs: 300_000, threads: 2, memoryBytes: 2.5e9, settings });
      process.stderr.write(`\r  day ${n + 1} of ${days} written`);
    }
    const key = generateKeyPairSync('ed25519');
    const step = new ArchiveStep({
      store,
      clock: new ManualClock(startMs + days * day + 2 * 3_600_000),
      logger: silentLogger,
      waitingSinceMs: () => undefined,
      target: new DiskTarget(folder),
      keyring: new Keyring(
        path.join(server.dataFolder, 'secrets', 'archive-keys'),
        await openSealer(server.dataFolder),
      ),
      signer: {
        publicKeyPem: key.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        sign: (bytes) => sign(null, bytes, key.privateKey),
      },
    });
    await step.prepare();
    const startedMs = performance.now();
    await step.catchUp();
    process.stderr.write(`\n  archived in ${Math.round((performance.now() - startedMs) / 1000)} s\n`);
    await store.execute('TRUNCATE TABLE logs');
  } finally {
    await store.close();
  }
}

interface Page {
  readonly rows: readonly unknown[];
  readonly next: string;
}

/** One search as the interface asks it: page after page until the first is full or the whole range was read. */
async function search(server: ServerUnderTest, url: string): Promise<{ found: number; calls: number }> {
  let found = 0;
  let calls = 0;
  for (let cursor = ''; ;) {
    const reply = await fetch(`${server.url}${url}&archive=true&cursor=${cursor}`, {
      headers: { authorization: `Bearer ${server.key}` },
    });
    const body = (await reply.json()) as Page & { total?: number; facets?: unknown[] };
    if (!reply.ok) throw new Error(`${url}: ${reply.status} ${JSON.stringify(body).slice(0, 300)}`);
    calls++;
    found += body.rows?.length ?? body.total ?? body.facets?.length ?? 0;
    if (!body.next?.startsWith('@') || found >= 200) return { found, calls };
    cursor = body.next;
  }
}

interface Question {
  readonly name: string;
  /** Asks once; answers what was found, in how many calls. */
  readonly ask: () => Promise<{ found: number; calls: number }>;
}

/** What other products' clients ask, in one call each. */
function farQuestions(server: ServerUnderTest, startMs: number): Question[] {
  const authorization = `Bearer ${server.key}`;
  const ask = async (url: string, found: (body: any) => number, body?: unknown) => {
    const reply = await fetch(`${server.url}${url}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!reply.ok) throw new Error(`${url}: ${reply.status} ${(await reply.text()).slice(0, 300)}`);
    return { found: found(await reply.json()), calls: 1 };
  };
  const month = { of: 'one store, a month', site: 'STORE_047', fromMs: startMs, toMs: startMs + days * day };
  const oneDay = { of: 'all stores, a day', site: '', fromMs: startMs + 9 * day, toMs: startMs + 10 * day };
  return [month, oneDay].flatMap(({ of, site, fromMs, toMs }): Question[] => {
    const selector = site === '' ? '{service_name=~".+"}' : `{site="${site}"}`;
    const range = `start=${fromMs}000000&end=${toMs}000000`;
    const loki = (path: string, query: string, found: (body: any) => number) => () =>
      ask(`/loki/api/v1/${path}?${range}&query=${encodeURIComponent(query)}`, found);
    const step = Math.round((toMs - fromMs) / 300_000);
    const series = ({ data }: any): number =>
      data.result.flatMap(({ values }: any) => values).reduce((sum: number, [, n]: any) => sum + Number(n), 0);
    const metric = (query: string) => () =>
      ask(`/loki/api/v1/query_range?${range}&step=${step}&query=${encodeURIComponent(query)}`, series);
    const filter = [
      { range: { '@timestamp': { gte: fromMs, lt: toMs } } },
      ...(site === '' ? [] : [{ term: { 'site.id': site } }]),
    ];
    const elastic = (size: number, aggs?: unknown) => () =>
      ask('/elasticsearch/_search', ({ hits }) => hits.total.value, {
        size,
        track_total_hits: true,
        sort: [{ '@timestamp': 'desc' }],
        query: { bool: { must: [{ match: { message: 'declined' } }], filter } },
        ...(aggs ? { aggs } : {}),
      });
    const facets = 'severity,service,site,environment,order.id,thread.name,release';
    return [
      {
        name: 'LogQL: a word by service, 300 steps',
        ask: metric(`sum by (service_name) (count_over_time(${selector} |= "declined" [${step}s]))`),
      },
      {
        name: 'LogQL: by an attribute of each line',
        ask: metric(`sum by (thread_name) (count_over_time(${selector} [${step}s]))`),
      },
      {
        name: 'LogQL: newest 100 lines with a word',
        ask: loki('query_range', `${selector} |= "declined"`, ({ data }) => data.result.length),
      },
      { name: 'Loki: labels', ask: loki('labels', selector, ({ data }) => data.length) },
      {
        name: 'Loki: values of service_name',
        ask: loki('label/service_name/values', selector, ({ data }) => data.length),
      },
      { name: 'Loki: values of release', ask: loki('label/release/values', selector, ({ data }) => data.length) },
      {
        name: 'Loki: series',
        ask: () =>
          ask(`/loki/api/v1/series?${range}&match[]=${encodeURIComponent(selector)}`, ({ data }) => data.length),
      },
      { name: 'Loki: index/stats', ask: loki('index/stats', selector, ({ entries }) => entries) },
      {
        name: 'Loki: index/volume by site',
        ask: loki(
          'index/volume',
          `{site=~".+"${site === '' ? '' : `, site="${site}"`}}`,
          ({ data }) => data.result.length,
        ),
      },
      { name: '`_search`: a word, newest 100', ask: elastic(100) },
      {
        name: '`_search`: a word by level and order',
        ask: elastic(0, {
          levels: { terms: { field: 'log.level' }, aggs: { orders: { cardinality: { field: 'order.id' } } } },
        }),
      },
      {
        name: 'seven facets',
        ask: () =>
          search(server, `/api/v1/logs/facets?from=${fromMs}&to=${toMs}&site=${site}&q=declined&fields=${facets}`),
      },
    ].map((one) => ({ ...one, name: `${of}: ${one.name}` }));
  });
}

/** Searches of a month that lies in the archive, one store among twenty, through the API; files are encrypted as they are by default. */
export async function benchArchive(logs: number): Promise<ArchiveFigures[]> {
  const fresh = await startServer();
  const folder = path.join(fresh.dataFolder, 'archive');
  const startMs = Math.floor(Date.now() / day) * day - (days + 32) * day;
  await fillArchive(fresh, folder, logs, startMs);
  await fresh.stop(true);
  const server = await startServer(fresh.dataFolder, ['--archive', folder]);
  try {
    const range = `from=${startMs}&to=${startMs + days * day}`;
    const store = `${range}&site=STORE_047`;
    const cost = await fetch(`${server.url}/api/v1/logs/archive?${store}`, {
      headers: { authorization: `Bearer ${server.key}` },
    });
    console.log('one store:', JSON.stringify(await cost.json()));
    const asked: [string, string][] = [
      ['one store, newest 200', `/api/v1/logs?${store}&limit=200`],
      ['one store, oldest 200', `/api/v1/logs?${store}&limit=200&order=oldest`],
      ['one store, a word that none has', `/api/v1/logs?${store}&limit=200&q=nowhere`],
      ['one store, a rare word', `/api/v1/logs?${store}&limit=200&q=quicksilver`],
      ['one store, an order id', `/api/v1/logs?${store}&limit=200&q=order.id:ord_4711`],
      ['one store, an expression', `/api/v1/logs?${store}&limit=200&q=${encodeURIComponent('/ord_47..11 declined/')}`],
      ['one store, histogram of a common word', `/api/v1/logs/histogram?${store}&q=declined`],
      [
        'one store, seven facets',
        `/api/v1/logs/facets?${store}&q=declined&fields=severity,service,site,environment,order.id,thread.name,release`,
      ],
      ['all stores, a word that none has', `/api/v1/logs?${range}&limit=200&q=nowhere`],
    ];
    const figures: ArchiveFigures[] = [];
    const questions = [
      ...asked.map(([name, url]): Question => ({ name, ask: () => search(server, url) })),
      ...farQuestions(server, startMs),
    ];
    for (const { name, ask } of questions) {
      const times: number[] = [];
      let last = { found: 0, calls: 0 };
      let cpuS = 0;
      for (let round = 0; round < 6; round++) {
        const startedMs = performance.now();
        last = await ask();
        times.push(performance.now() - startedMs);
        if (round === 0) cpuS = usageOf(server.pid).cpuS;
      }
      const [first = 0, ...rest] = times;
      rest.sort((a, b) => a - b);
      figures.push({
        search: name,
        'first ms': Math.round(first),
        'median ms': Math.round(rest[2] ?? 0),
        'worst ms': Math.round(rest.at(-1) ?? 0),
        'processor ms': Math.round(((usageOf(server.pid).cpuS - cpuS) * 1000) / (times.length - 1)),
        ...last,
      });
    }
    return figures;
  } finally {
    await server.stop();
  }
}

import path from 'node:path';
import { systemClock } from '@sightline/base';
import { connectStore, type TelemetryStore } from '@sightline/store';
import { type ServerUnderTest, startServer } from './server-under-test.ts';

interface QueryFigures {
  readonly query: string;
  readonly 'median ms': number;
  readonly 'worst ms': number;
  readonly rows: number;
}

const day = 86_400_000;
const batch = 1_000_000;

/** SQL that makes `count` logs spread evenly over the 24 h before `endMs`; every 100,000th body holds the rare word. */
const logsSql = (organisation: string, from: number, count: number, total: number, endMs: number): string => `
INSERT INTO logs (organisation, site, device, environment, service, release, ts, received_at, severity, severity_text, body, trace_id, span_id, correlation_id, res, attrs)
SELECT '${organisation}', concat('STORE_', leftPad(toString(1 + cityHash64(n, 1) % 100), 3, '0')), 'NUC', 'production',
  ['terminal', 'gateway', 'orders', 'payment', 'inventory', 'sync'][1 + cityHash64(n, 2) % 6], '2.4.1',
  fromUnixTimestamp64Nano(toInt64(${endMs - day} * 1000000 + intDiv(n * ${day}, ${total}) * 1000000)) AS t, t, if(cityHash64(n, 3) % 50 = 0, 17, 9) AS s, if(s = 17, 'ERROR', 'INFO'),
  concat(['order', 'receipt', 'basket', 'payment', 'stock'][1 + cityHash64(n, 4) % 5], ' ord_', toString(cityHash64(n, 5) % 1000000), ' ',
    ['authorized', 'captured', 'declined', 'queued', 'reserved'][1 + cityHash64(n, 6) % 5], ' in ', toString(cityHash64(n, 7) % 500), ' ms', if(n % 100000 = 7, ' quicksilver', '')),
  toFixedString(unhex(hex(cityHash128(intDiv(n, 12)))), 16), toFixedString(unhex(hex(cityHash64(n))), 8), concat('corr_', lower(hex(cityHash64(intDiv(n, 12), 9)))),
  map('service.version', '2.4.1'), map('order.id', concat('ord_', toString(cityHash64(n, 5) % 1000000)), 'http.response.status_code', toString([200, 201, 404, 500][1 + cityHash64(n, 8) % 4]), 'thread.name', concat('worker-', toString(n % 8)))
FROM (SELECT number + ${from} AS n FROM numbers(${count}))`;

const spansSql = (organisation: string, from: number, count: number, total: number, endMs: number): string => `
INSERT INTO spans (organisation, site, device, environment, service, release, ts, received_at, duration_ns, trace_id, span_id, parent_id, name, kind, status_code, correlation_id, res, attrs)
SELECT '${organisation}', concat('STORE_', leftPad(toString(1 + cityHash64(intDiv(n, 6), 1) % 100), 3, '0')), 'NUC', 'production',
  ['gateway', 'orders', 'orders', 'inventory', 'inventory', 'payment'][1 + n % 6], '2.4.1',
  fromUnixTimestamp64Nano(toInt64(${endMs - day} * 1000000 + intDiv(n * ${day}, ${total}) * 1000000)) AS t, t, 1000000 + cityHash64(n, 3) % 200000000,
  toFixedString(unhex(hex(cityHash128(intDiv(n, 6)))), 16), toFixedString(unhex(hex(cityHash64(n, 11))), 8), if(n % 6 = 0, toFixedString('', 8), toFixedString(unhex(hex(cityHash64(n - n % 6, 11))), 8)),
  ['POST /orders', 'process order', 'INSERT orders', 'reserve stock', 'SELECT inventory', 'authorize payment'][1 + n % 6], [2, 2, 3, 2, 3, 2][1 + n % 6], if(cityHash64(n, 4) % 60 = 0, 2, 1),
  concat('corr_', lower(hex(cityHash64(intDiv(n, 6), 9)))), map('service.version', '2.4.1'), map('order.id', concat('ord_', toString(cityHash64(intDiv(n, 6), 5) % 1000000)))
FROM (SELECT number + ${from} AS n FROM numbers(${count}))`;

async function fill(
  store: TelemetryStore,
  table: 'logs' | 'spans',
  organisation: string,
  total: number,
  endMs: number,
): Promise<void> {
  for (let from = 0; from < total; from += batch) {
    const count = Math.min(batch, total - from);
    const sql = (table === 'logs' ? logsSql : spansSql)(organisation, from, count, total, endMs);
    await store.execute(
      sql,
      {},
      {
        timeoutMs: 300_000,
        threads: 2,
        memoryBytes: 2.5e9,
        settings: { insert_deduplication_token: `bench-${table}-${from}` },
      },
    );
    process.stderr.write(`\r  ${table}: ${((from + count) / 1e6).toFixed(1)} M of ${total / 1e6} M`);
  }
  process.stderr.write('\n');
}

async function organisationOf(server: ServerUnderTest): Promise<string> {
  const reply = await fetch(`${server.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'bench@example.com', password: 'bench-password' }),
  });
  return ((await reply.json()) as { organisation: { id: string } }).organisation.id;
}

/** Asks the API as the interface does; the first answer of each is thrown away, caches of conditions are off in the engine. */
async function time(
  server: ServerUnderTest,
  query: string,
  url: string,
  count: (body: never) => number,
): Promise<QueryFigures> {
  const times: number[] = [];
  let rows = 0;
  for (let i = 0; i < 8; i++) {
    const startedMs = performance.now();
    const reply = await fetch(`${server.url}${url}`, { headers: { authorization: `Bearer ${server.key}` } });
    const body = (await reply.json()) as never;
    if (!reply.ok) throw new Error(`${query}: ${reply.status} ${JSON.stringify(body).slice(0, 300)}`);
    if (i > 0) times.push(performance.now() - startedMs);
    rows = count(body);
  }
  times.sort((a, b) => a - b);
  return { query, 'median ms': Math.round(times[3] ?? 0), 'worst ms': Math.round(times.at(-1) ?? 0), rows };
}

/** The searches of "First light" through the API, on `logs` logs and `spans` spans of one day. */
export async function benchQueries(logs: number, spans: number): Promise<QueryFigures[]> {
  const server = await startServer();
  const store = await connectStore({
    url: 'http://engine',
    socketPath: path.join(server.dataFolder, 'run', 'engine.sock'),
    clock: systemClock,
  });
  try {
    const organisation = await organisationOf(server);
    const endMs = Date.now();
    await fill(store, 'logs', organisation, logs, endMs);
    await fill(store, 'spans', organisation, spans, endMs);
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    const [sample] = await store.query<{ trace: string; order: string }>(
      "SELECT lower(hex(trace_id)) AS trace, attrs['order.id'] AS order FROM spans WHERE organisation = {o:String} LIMIT 1",
      { o: organisation },
    );
    const range = `from=${endMs - day}&to=${endMs}`;
    const hour = `from=${endMs - 3_600_000}&to=${endMs}`;
    const rowsOf = (body: { rows: unknown[] }): number => body.rows.length;
    const bucketsOf = (body: { buckets: unknown[] }): number => body.buckets.length;
    const asked: [string, string, (body: never) => number][] = [
      ['newest 100, all', `/api/v1/logs?${range}`, rowsOf],
      ['newest 100, one site', `/api/v1/logs?${range}&site=STORE_047`, rowsOf],
      ['newest 100, one service', `/api/v1/logs?${range}&service=payment`, rowsOf],
      ['newest 100, one site, errors', `/api/v1/logs?${range}&site=STORE_047&q=severity:error`, rowsOf],
      ['rare word, 24 h', `/api/v1/logs?${range}&q=quicksilver`, rowsOf],
      ['common word, 24 h', `/api/v1/logs?${range}&q=declined`, rowsOf],
      ['attribute, 24 h', `/api/v1/logs?${range}&q=order.id:${sample?.order}`, rowsOf],
      ['histogram, 24 h (from the view)', `/api/v1/logs/histogram?${range}`, bucketsOf],
      ['histogram, 24 h, common word', `/api/v1/logs/histogram?${range}&q=declined`, bucketsOf],
      ['histogram, 1 h', `/api/v1/logs/histogram?${hour}`, bucketsOf],
      ['trace by id', `/api/v1/traces/${sample?.trace}`, (body: { spans: unknown[] }) => body.spans.length],
      ['services, 24 h', `/api/v1/services?${range}`, (body: { services: unknown[] }) => body.services.length],
    ];
    const figures: QueryFigures[] = [];
    for (const [query, url, count] of asked) figures.push(await time(server, query, url, count));
    return figures;
  } finally {
    await store.close();
    await server.stop();
  }
}

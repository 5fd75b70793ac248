import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '@sightline/base';
import { connectStore } from '@sightline/store';
import { day, fillDay } from './sample-day.ts';
import { usageOf } from './process-tree.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';

interface QueryFigures {
  readonly query: string;
  /** Asked for the first time: what is remembered of earlier answers helps only the others. */
  readonly 'first ms': number;
  readonly 'median ms': number;
  readonly 'worst ms': number;
  /** Processor time of the server and its engine for one answer. */
  readonly 'cpu ms': number;
  readonly rows: number;
}

/** Id of the organisation of a server that was started for a measurement. */
export async function organisationOf(server: ServerUnderTest): Promise<string> {
  const reply = await fetch(`${server.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'bench@example.com', password: 'bench-password' }),
  });
  return ((await reply.json()) as { organisation: { id: string } }).organisation.id;
}

/** Asks the API as the interface does; the first answer of each stands for itself, caches of conditions are off in the engine. */
async function time(
  server: ServerUnderTest,
  query: string,
  url: string,
  count: (body: never) => number,
): Promise<QueryFigures> {
  const times: number[] = [];
  let rows = 0;
  let cpuS = 0;
  let firstMs = 0;
  for (let i = 0; i < 8; i++) {
    if (i === 1) cpuS = usageOf(server.pid).cpuS;
    const startedMs = performance.now();
    const reply = await fetch(`${server.url}${url}`, { headers: { authorization: `Bearer ${server.key}` } });
    const body = (await reply.json()) as never;
    if (!reply.ok) throw new Error(`${query}: ${reply.status} ${JSON.stringify(body).slice(0, 300)}`);
    if (i > 0) times.push(performance.now() - startedMs);
    else firstMs = performance.now() - startedMs;
    rows = count(body);
  }
  const cpuMs = ((usageOf(server.pid).cpuS - cpuS) * 1000) / times.length;
  times.sort((a, b) => a - b);
  return {
    query,
    'first ms': Math.round(firstMs),
    'median ms': Math.round(times[3] ?? 0),
    'worst ms': Math.round(times.at(-1) ?? 0),
    'cpu ms': Math.round(cpuMs),
    rows,
  };
}

/** What a measurement asks, and on which data. */
export interface QueriesBench {
  readonly logs: number;
  readonly spans: number;
  /** A folder that is filled once and kept for the next run; '' for one that goes with the run. */
  readonly dataFolder: string;
  /** Parts of the names of the queries to ask, with `|` between them; '' asks all. */
  readonly only: string;
}

/** The searches of "First light" through the API, on `logs` logs and `spans` spans of one day. */
export async function benchQueries({ logs, spans, dataFolder, only }: QueriesBench): Promise<QueryFigures[]> {
  if (dataFolder) mkdirSync(dataFolder, { recursive: true });
  const filledFile = path.join(dataFolder, 'bench-filled.json');
  const filled =
    dataFolder && existsSync(filledFile)
      ? (JSON.parse(readFileSync(filledFile, 'utf8')) as { readonly endMs: number })
      : undefined;
  const server = await startServer(dataFolder || undefined);
  const store = await connectStore({
    url: 'http://engine',
    socketPath: path.join(server.dataFolder, 'run', 'engine.sock'),
    clock: systemClock,
  });
  try {
    const organisation = await organisationOf(server);
    const endMs = filled?.endMs ?? Date.now();
    if (!filled) {
      await fillDay(store, organisation, logs, spans, endMs);
      await new Promise((resolve) => setTimeout(resolve, 20_000));
      if (dataFolder) writeFileSync(filledFile, JSON.stringify({ endMs, logs, spans }));
    }
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
      [
        'spans by attribute, 24 h',
        `/api/v1/traces?${range}&q=order.id:${sample?.order}`,
        (body: { traces: unknown[] }) => body.traces.length,
      ],
      [
        'TraceQL by attribute, 24 h',
        `/tempo/api/search?start=${Math.floor((endMs - day) / 1000)}&end=${Math.ceil(endMs / 1000)}&q=${encodeURIComponent(`{ .order.id = "${sample?.order}" }`)}`,
        (body: { traces: unknown[] }) => body.traces.length,
      ],
      ['service map, 24 h', `/api/v1/traces/map?${range}`, (body: { edges: unknown[] }) => body.edges.length],
      [
        'operations, 24 h',
        `/api/v1/traces/operations?${range}`,
        (body: { operations: unknown[] }) => body.operations.length,
      ],
      [
        'operations of one site, 24 h',
        `/api/v1/traces/operations?${range}&site=STORE_047`,
        (body: { operations: unknown[] }) => body.operations.length,
      ],
      ['database queries, 24 h', `/api/v1/traces/calls?${range}&call=db`, rowsOf],
      ['heat map, 24 h', `/api/v1/traces/heatmap?${range}`, (body: { cells: unknown[] }) => body.cells.length],
      ['services, 24 h', `/api/v1/services?${range}`, (body: { services: unknown[] }) => body.services.length],
    ];
    const lokiEndS = Math.floor(endMs / 300_000) * 300;
    const loki = (query: string): string =>
      `/loki/api/v1/query_range?query=${encodeURIComponent(query)}&start=${lokiEndS - day / 1000}&end=${lokiEndS}&step=300&limit=100`;
    const seriesOf = ({ data }: { data: { result: unknown[] } }): number => data.result.length;
    const patternsOf = (body: { patterns: unknown[] }): number => body.patterns.length;
    asked.push(
      [
        'LogQL: all by level, 24 h (from the view)',
        loki('sum by (level) (count_over_time({service_name=~".+"}[5m]))'),
        seriesOf,
      ],
      [
        'LogQL: one service by level, 24 h (from the view)',
        loki('sum by (level) (rate({service_name="payment"}[5m]))'),
        seriesOf,
      ],
      [
        'LogQL: a common word by service, 24 h',
        loki('sum by (service_name) (rate({service_name=~".+"} |= "declined" [5m]))'),
        seriesOf,
      ],
      [
        'LogQL: a common word of one service, 24 h',
        loki('sum(rate({service_name="payment"} |= "declined" [5m]))'),
        seriesOf,
      ],
      [
        'LogQL: a rare word by site, 24 h',
        loki('sum by (site) (count_over_time({service_name=~".+"} |= "quicksilver" [5m]))'),
        seriesOf,
      ],
      [
        'LogQL: one service by an attribute, 24 h',
        loki('sum by (http_response_status_code) (count_over_time({service_name="payment"}[5m]))'),
        seriesOf,
      ],
      [
        'LogQL: newest 100 with an expression, 24 h',
        loki('{service_name="payment"} |~ "declined in 4.. ms"'),
        seriesOf,
      ],
      ['patterns, 1 h', `/api/v1/logs/patterns?${hour}`, patternsOf],
      ['patterns, 24 h (a sample of a million)', `/api/v1/logs/patterns?${range}`, patternsOf],
      [
        '_search: a word, newest 100, 24 h',
        '/elasticsearch/_search?q=declined&size=100&sort=@timestamp:desc',
        ({ hits }: { hits: { hits: unknown[] } }) => hits.hits.length,
      ],
    );
    const figures: QueryFigures[] = [];
    for (const [query, url, count] of asked)
      if (only.split('|').some((part) => query.includes(part))) figures.push(await time(server, query, url, count));
    return figures;
  } finally {
    await store.close();
    await server.stop(dataFolder !== '');
  }
}

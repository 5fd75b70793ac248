import path from 'node:path';
import { systemClock } from '@sightline/base';
import { connectStore } from '@sightline/store';
import { day, fillDay } from './sample-day.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';

interface QueryFigures {
  readonly query: string;
  readonly 'median ms': number;
  readonly 'worst ms': number;
  readonly rows: number;
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
    await fillDay(store, organisation, logs, spans, endMs);
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
    const figures: QueryFigures[] = [];
    for (const [query, url, count] of asked) figures.push(await time(server, query, url, count));
    return figures;
  } finally {
    await store.close();
    await server.stop();
  }
}

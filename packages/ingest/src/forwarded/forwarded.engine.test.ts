import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { silentLogger, systemClock } from '@sightline/base';
import type { TelemetryStore } from '@sightline/store';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeRw2Request } from '../metric-formats/index.ts';
import { LogsRequestBuilder } from '../otlp/build-logs.ts';
import { ProtobufWriter } from '../otlp/protobuf-writer.ts';
import type { Refusal } from '../protocol.ts';
import type { SpoolStatus } from '../spool/spool.ts';
import { encodeSpooled } from '../spool/spooled.ts';
import { collectMetrics } from '../test-support/collecting-metrics.ts';
import { openTestStore, startBench, type IngestBench } from '../test-support/ingest-bench.ts';
import { AcceptedFrames } from './accepted-frames.ts';
import { encodeBatch, forwardBatchLimitBytes, type ForwardReply, forwardPath, type RunOfFrames } from './batch.ts';
import { registerForwarded } from './register-forwarded.ts';

let engine: Awaited<ReturnType<typeof openTestStore>>;
let store: TelemetryStore;
let bench: IngestBench;
const metrics = collectMetrics();
let app: FastifyInstance;
let url: string;
/** What the server is said to be behind. */
let lag: Partial<SpoolStatus> = {};
let skewMs: number | null = null;

beforeAll(async () => {
  engine = await openTestStore();
  store = engine.store;
  bench = await startBench(store, engine.folder, { metrics });
  const accepted = await AcceptedFrames.open(join(engine.folder, 'forwarded'), silentLogger);
  app = Fastify();
  const agent = (id: string) => ({
    id,
    organisation: 'org-1',
    site: 'STORE_047',
    keyId: 'key-agent',
    clockSkewMs: skewMs,
  });
  await registerForwarded(app, {
    spool: {
      append: (...request) => bench.spool.append(...request),
      refusal: () => bench.spool.refusal(),
      status: () => ({ ...bench.spool.status(), ...lag }),
    },
    accepted,
    agents: {
      findByToken: async (token) => {
        if (token === 'control-down') throw new Error('down');
        if (token === 'revoked') return 'revoked';
        return token.startsWith('agent-') ? agent(token) : undefined;
      },
    },
    ledger: bench.ledger,
    clock: systemClock,
    logger: silentLogger,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}${forwardPath}`;
});
afterAll(async () => {
  await app.close();
  await bench.close();
  await engine.close();
});

const minute = 60_000;
const ns = (ms: number) => BigInt(Math.round(ms)) * 1_000_000n;
let segments = 0;
const newSegment = () => `${String(++segments).padStart(17, '0')}-0000abcd`;
const scope = { organisation: 'site', keyId: '', site: '', device: '', service: '', environment: '' };

interface Kept {
  readonly signal: string;
  readonly bytes: Buffer;
  readonly records: number;
  readonly receivedAtMs: number;
  readonly refused?: readonly Refusal[];
}

const run = (lane: string, segment: string, first: number, frames: readonly Kept[]): RunOfFrames => ({
  lane,
  segment,
  first,
  frames: Buffer.concat(
    frames.map(({ receivedAtMs, refused = [], ...frame }) =>
      encodeSpooled(frame, scope, { protocol: 'otlp', project: 0, receivedAtMs }, refused),
    ),
  ),
});

const logs = (service: string, bodies: readonly string[], timeMs = Date.now(), receivedAtMs = timeMs): Kept => {
  const builder = new LogsRequestBuilder().resource({ 'service.name': service });
  for (const body of bodies) builder.add({ ...(timeMs > 0 ? { timeNs: ns(timeMs) } : {}), body, severityNumber: 9 });
  return { signal: 'logs', bytes: builder.build(), records: bodies.length, receivedAtMs };
};

function post(body: Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { authorization: 'Bearer agent-1', 'content-type': 'application/vnd.sightline.forward', ...headers },
    body: new Uint8Array(body),
  });
}

async function forward(runs: readonly RunOfFrames[], agent = 'agent-1'): Promise<ForwardReply> {
  const reply = await post(zstdCompressSync(encodeBatch({ backlog: false, gone: [], oldest: [], runs })), {
    authorization: `Bearer ${agent}`,
    'content-encoding': 'zstd',
  });
  expect(reply.status).toBe(200);
  return (await reply.json()) as ForwardReply;
}

const bodiesOf = async (service: string) =>
  (await bench.rows<{ body: string }>(`SELECT body FROM logs WHERE service = '${service}' ORDER BY body`)).map(
    ({ body }) => body,
  );

test("what an agent scraped is its own site's, by our clock, under its own name in the ledger", async () => {
  skewMs = 10 * minute;
  const atMs = Date.now() + 10 * minute;
  const series = {
    type: 'gauge',
    unit: '',
    help: '',
    delta: false,
    times: [atMs],
    values: [1],
  } as const;
  const bytes = writeRw2Request([{ ...series, labels: ['__name__', 'up', 'site', 'OTHER'] }]);
  await forward([
    run('metrics-scraped', newSegment(), 0, [{ signal: 'metrics', bytes, records: 1, receivedAtMs: atMs }]),
  ]);
  skewMs = null;
  const ledger = await bench.rows(
    "SELECT outcome, toInt32(records) AS records FROM ledger WHERE protocol = 'prometheus-scrape'",
  );
  expect(ledger).toEqual([{ outcome: 'accepted', records: 1 }]);
  const scraped = metrics.samples.filter(({ metric }) => metric === 'up');
  expect(scraped).toMatchObject([{ atMs: atMs - 10 * minute, value: 1 }]);
  expect(scraped[0]?.labels).toEqual({ site: 'STORE_047' });
});

describe('exactly once', () => {
  test('what comes again is acknowledged and not kept again; the rest of the segment goes on', async () => {
    const segment = newSegment();
    const frames = ['a', 'b', 'c'].map((body) => logs('again', [body]));
    await forward([run('logs', segment, 0, frames.slice(0, 2))]);
    const reply = await forward([run('logs', segment, 0, frames)]);
    expect(reply.segments).toEqual([{ lane: 'logs', segment, next: 3 }]);
    expect(await bodiesOf('again')).toEqual(['a', 'b', 'c']);
  });

  test('the same batch on four connections at once is kept once', async () => {
    const runs = [
      run(
        'logs',
        newSegment(),
        0,
        ['a', 'b'].map((body) => logs('at-once', [body])),
      ),
    ];
    await Promise.all([1, 2, 3, 4].map(() => forward(runs)));
    expect(await bodiesOf('at-once')).toEqual(['a', 'b']);
  });

  test('two agents may have segments of one name', async () => {
    const runs = [run('logs', newSegment(), 0, [logs('twins', ['a'])])];
    await forward(runs, 'agent-1');
    await forward(runs, 'agent-2');
    expect(await bodiesOf('twins')).toEqual(['a', 'a']);
  });

  test("records are the agent's organisation's and its site's, whatever else they name", async () => {
    const named = new LogsRequestBuilder()
      .resource({ 'service.name': 'scoped', 'store.id': 'STORE_001' })
      .add({ timeNs: ns(Date.now()), body: 'b', severityNumber: 9, attributes: { 'site.id': 'STORE_001' } })
      .build();
    const said = { signal: 'logs', bytes: named, records: 1, receivedAtMs: Date.now() };
    await forward([run('logs', newSegment(), 0, [logs('scoped', ['a']), said])]);
    expect(await bench.rows("SELECT organisation, site FROM logs WHERE service = 'scoped'")).toEqual([
      { organisation: 'org-1', site: 'STORE_047' },
      { organisation: 'org-1', site: 'STORE_047' },
    ]);
  });
});

describe('the account', () => {
  test('a bad record in a frame is refused alone, and what a site dropped is dropped in the ledger, once', async () => {
    const segment = newSegment();
    const old = logs('account', ['old'], Date.now() - 90 * 24 * 60 * minute);
    const told: Kept = {
      signal: 'spans',
      bytes: Buffer.alloc(0),
      records: 0,
      receivedAtMs: Date.now(),
      refused: [{ signal: 'spans', reason: 'site-spool-full', records: 40, message: '' }],
    };
    const runs = [run('account', segment, 0, [told]), run('logs', segment, 0, [logs('account', ['new']), old])];
    const reply = await forward(runs);
    expect(reply.rejected).toMatchObject([{ segment, index: 1, records: 1, reason: 'too-old' }]);
    await forward(runs);
    expect(await bodiesOf('account')).toEqual(['new']);
    const lines = await bench.rows(
      "SELECT signal, toString(outcome) AS outcome, toString(reason) AS reason, toUInt32(sum(records)) AS records FROM ledger WHERE key_id = 'key-agent' AND reason != '' GROUP BY ALL ORDER BY signal",
    );
    expect(lines).toEqual([
      { signal: 'logs', outcome: 'rejected', reason: 'too-old', records: 1 },
      { signal: 'spans', outcome: 'dropped', reason: 'site-spool-full', records: 40 },
    ]);
  });

  test('a frame that is no OTLP, or of a signal nobody knows, is refused and does not stop its segment', async () => {
    const receivedAtMs = Date.now();
    const frames: Kept[] = [
      { signal: 'logs', bytes: Buffer.from('nonsense'), records: 3, receivedAtMs },
      { signal: 'dreams', bytes: Buffer.from('x'), records: 1, receivedAtMs },
      logs('after-nonsense', ['a']),
    ];
    const {
      segments: [progress],
      rejected,
    } = await forward([run('logs', newSegment(), 0, frames)]);
    expect(progress?.next).toBe(3);
    expect(rejected.map(({ index, reason, records }) => [index, reason, records])).toEqual([
      [0, 'malformed', 3],
      [1, 'unsupported-type', 1],
    ]);
    expect(await bodiesOf('after-nonsense')).toEqual(['a']);
  });
});

describe("a site's clock", () => {
  const span = (timeMs: number): Kept => {
    const writer = new ProtobufWriter();
    const resource = writer.open(1);
    const scopes = writer.open(2);
    const one = writer.open(2);
    writer.bytes(1, Buffer.alloc(16, 1));
    writer.bytes(2, Buffer.alloc(8, 2));
    writer.string(5, 'skewed span');
    writer.fixed64(7, ns(timeMs));
    writer.fixed64(8, ns(timeMs + 50));
    const event = writer.open(11);
    writer.fixed64(1, ns(timeMs + 10));
    writer.string(2, 'tick');
    writer.close(event);
    for (const opened of [one, scopes, resource]) writer.close(opened);
    return { signal: 'spans', bytes: writer.finish(), records: 1, receivedAtMs: timeMs };
  };
  const gauge = (timeMs: number): Kept => {
    const writer = new ProtobufWriter();
    const opened = [1, 2, 2].map((field) => writer.open(field));
    writer.string(1, 'skewed_gauge');
    opened.push(writer.open(5), writer.open(1));
    writer.fixed64(3, ns(timeMs));
    writer.double(4, 7);
    for (const at of opened.reverse()) writer.close(at);
    return { signal: 'metrics', bytes: writer.finish(), records: 1, receivedAtMs: timeMs };
  };

  test('two years behind is corrected for in every signal; the time of receipt is ours, and the correction is told', async () => {
    skewMs = -2 * 365 * 24 * 60 * minute;
    const now = Date.now();
    const at = now - 10 * minute;
    const sites = at + skewMs;
    await forward([
      run('logs', newSegment(), 0, [logs('skewed', ['timed'], sites), logs('skewed', ['timeless'], 0, sites)]),
      run('spans', newSegment(), 0, [span(sites)]),
      run('metrics', newSegment(), 0, [gauge(sites)]),
    ]);
    skewMs = null;
    const read = await bench.rows(
      `SELECT body, toUnixTimestamp64Milli(ts) - ${at} AS off, abs(toUnixTimestamp64Milli(received_at) - ${now}) < 60000 AS ours,
        res['sightline.clock_skew_ms'] AS told FROM logs WHERE service = 'skewed' ORDER BY body`,
    );
    const told = String(-2 * 365 * 24 * 60 * minute);
    expect(read).toEqual([
      { body: 'timed', off: '0', ours: 1, told },
      { body: 'timeless', off: '0', ours: 1, told },
    ]);
    const [spanRow] = await bench.rows<Record<string, string>>(
      `SELECT toUnixTimestamp64Milli(ts) - ${at} AS off, toUnixTimestamp64Milli(events.ts[1]) - ${at} AS event, toUInt32(duration_ns / 1000000) AS took,
        res['sightline.clock_skew_ms'] AS told FROM spans WHERE name = 'skewed span'`,
    );
    expect([Number(spanRow?.['off']), Number(spanRow?.['event']), spanRow?.['took'], spanRow?.['told']]).toEqual([
      0,
      10,
      50,
      told,
    ]);
    const points = metrics.samples.filter(({ metric }) => metric === 'skewed_gauge');
    expect(points).toMatchObject([{ atMs: at, value: 7 }]);
    expect(points[0]?.labels).toEqual({ job: 'unknown', service: 'unknown', site: 'STORE_047' });
  });

  test.each([
    ['off by less than is known', 1500],
    ['not measured', null],
  ])('%s is left as it is', async (name, measured) => {
    skewMs = measured;
    const at = Date.now() - minute;
    const service = `left ${name}`;
    await forward([run('logs', newSegment(), 0, [logs(service, ['a'], at)])]);
    skewMs = null;
    const [row] = await bench.rows<{ off: string; told: string }>(
      `SELECT toUnixTimestamp64Milli(ts) - ${at} AS off, res['sightline.clock_skew_ms'] AS told FROM logs WHERE service = '${service}'`,
    );
    expect([Number(row?.off), row?.told]).toEqual([0, '']);
  });
});

describe('what is no batch of an agent', () => {
  const good = () =>
    encodeBatch({ backlog: false, gone: [], oldest: [], runs: [run('logs', newSegment(), 0, [logs('x', ['a'])])] });
  const broken = () => {
    const bytes = good();
    const at = bytes.lastIndexOf('a');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  };
  test.each<[string, () => Buffer, Record<string, string>, number]>([
    ['no token', good, { authorization: '' }, 401],
    ['an unknown token', good, { authorization: 'Bearer stolen' }, 401],
    ['a token longer than any', good, { authorization: `Bearer agent-${'x'.repeat(600)}` }, 401],
    ['a revoked token', good, { authorization: 'Bearer revoked' }, 403],
    ['tokens that cannot be checked', good, { authorization: 'Bearer control-down' }, 503],
    ['nothing', () => Buffer.alloc(0), {}, 400],
    ['text', () => Buffer.from('{"hello": 1}'), {}, 400],
    ['a frame damaged on its way', broken, {}, 422],
    ['a coding nobody knows', good, { 'content-encoding': 'lzma' }, 415],
    ['bytes that are not zipped', good, { 'content-encoding': 'zstd' }, 400],
    ['a bomb', () => gzipSync(Buffer.alloc(forwardBatchLimitBytes + 1)), { 'content-encoding': 'gzip' }, 413],
    ['too much', () => Buffer.alloc(forwardBatchLimitBytes + 1), {}, 413],
  ])('%s is refused', async (_, body, headers, status) => {
    const reply = await post(body(), headers);
    expect(reply.status).toBe(status);
    expect(((await reply.json()) as { message: string }).message).toMatch(/\w/);
    if (status === 503) expect(reply.headers.get('retry-after')).toBe('5');
  });

  test('nothing of a body is read from who is no agent', async () => {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `POST ${forwardPath} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer stolen\r\nContent-Length: ${forwardBatchLimitBytes}\r\n\r\n`,
    );
    const [head] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(head.toString()).toMatch(/^HTTP\/1.1 401 /);
  });

  test('slow bodies of one agent leave room for the others', async () => {
    const { port } = new URL(url);
    const slow = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const socket = connect(Number(port), '127.0.0.1');
        await once(socket, 'connect');
        socket.write(
          `POST ${forwardPath} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer agent-slow\r\nContent-Length: 1000\r\n\r\nx`,
        );
        return socket;
      }),
    );
    const empty = encodeBatch({ backlog: false, gone: [], oldest: [], runs: [] });
    const as = async (agent: string) => (await post(empty, { authorization: `Bearer ${agent}` })).status;
    await expect.poll(() => as('agent-slow')).toBe(429);
    expect(await as('agent-1')).toBe(200);
    for (const socket of slow) socket.destroy();
    await expect.poll(() => as('agent-slow')).toBe(200);
  });

  test('while the server is behind, a backlog waits and live data does not', async () => {
    lag = { oldestAtMs: Date.now() - 20_000 };
    const batch = (backlog: boolean) => encodeBatch({ backlog, gone: [], oldest: [], runs: [] });
    const replies = [await post(batch(true)), await post(batch(false))];
    lag = {};
    expect(replies.map(({ status }) => status)).toEqual([429, 200]);
    expect(Number(replies[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

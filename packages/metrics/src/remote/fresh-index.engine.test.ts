import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import type { Answer } from '@sightline/query/promql';
import { exactlyOnceSettings, telemetryDatabase, type EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { blockStartOf } from '../block.ts';
import { openHead, type MetricHead } from '../head/open-head.ts';
import { IndexClient } from '../index-port.ts';
import { openMetrics, type Metrics } from '../open-metrics.ts';
import { writeRequest, writeSegment, type WrittenSeries } from '../test-support/segments.ts';
import { newestMissing } from './fresh-index.ts';
import { headPath } from './head-client.ts';
import { HeadService, type HeadMethod } from './head-service.ts';

const data = mkdtempSync(path.join(tmpdir(), 'sightline-fresh-'));
const start = blockStartOf(Date.now()) - 2 * 7_200_000;
let store: EmbeddedStore;
let segments = 0;

/** A process with a head: its thread, and the route by which others ask it. */
interface Head {
  readonly head: MetricHead;
  readonly url: string;
  readonly sent: { bytes: number };
  /** What happens to the connection of the next answer. */
  next: 'whole' | 'half' | 'never';
  /** Nothing listens any more, as after a kill. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

async function startHead(name: string, options: { answerBytes?: number } = {}): Promise<Head> {
  // Nothing is cut but by the tests, however long they take.
  const settings = { folder: path.join(data, name), idleMs: Infinity };
  const head = await openHead({ settings, store, exactlyOnce: exactlyOnceSettings, logger: silentLogger });
  const index = new IndexClient(head.indexPort());
  const service = new HeadService({ index, process: name, logger: silentLogger, ...options });
  const state: { next: Head['next']; sent: { bytes: number } } = { next: 'whole', sent: { bytes: 0 } };
  const server: Server = createServer((request, response) => {
    void (async () => {
      const body: Buffer[] = [];
      for await (const piece of request) body.push(piece as Buffer);
      const { argument } = JSON.parse(Buffer.concat(body).toString()) as { argument: unknown };
      const method = (request.url ?? '').slice(headPath.length) as HeadMethod;
      const kind = state.next;
      if (kind === 'never') return;
      for await (const piece of (await service.answer(method, argument)) ?? []) {
        response.write(piece);
        state.sent.bytes += (piece as Buffer).length;
        if (kind === 'half' && state.sent.bytes > 200) return response.destroy();
      }
      response.end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    await stop();
    await head.close();
  };
  return Object.assign(state, { head, url, stop, close });
}

const openApart = (...urls: string[]): Metrics =>
  openMetrics({
    store,
    engine: { url: 'http://engine', socketPath: store.socketPath, database: telemetryDatabase },
    head: undefined,
    heads: { urls: () => Promise.resolve(urls), secret: 'x' },
    clock: systemClock,
    logger: silentLogger,
  });

async function send(to: MetricHead, series: readonly WrittenSeries[], organisation = 'acme'): Promise<void> {
  const records = series.reduce((sum, { samples }) => sum + samples.length, 0);
  const frame = { bytes: writeRequest(series), records, receivedAtMs: Date.now(), organisation };
  await to.load(writeSegment(path.join(data, 'sent'), `s-${++segments}`, [frame]));
}

const pods = 60;
/** Orders of all pods, every 30 s. */
const orders = (fromS: number, toS: number, first = 0): WrittenSeries[] =>
  Array.from({ length: pods }, (_, i) => ({
    labels: { __name__: 'orders_total', pod: `p${first + i}` },
    samples: Array.from({ length: (toS - fromS) / 30 }, (_each, k) => [
      start + (fromS + 30 * k) * 1000,
      fromS / 30 + k,
    ]),
  }));

async function asked(metrics: Metrics, expression: string, more = {}): Promise<Answer> {
  const answer = await metrics.instant({ organisation: 'acme', expression, atMs: start + 7_100_000, ...more });
  if (!answer.ok) throw new Error(`${answer.error.kind}: ${answer.error.message}`);
  return answer.value;
}
async function total(metrics: Metrics): Promise<[number | undefined, readonly string[]]> {
  const { value, warnings } = await asked(metrics, 'sum(count_over_time(orders_total[2h]))');
  return [value.type === 'vector' ? value.samples[0]?.value : undefined, warnings];
}
const missing = [expect.stringContaining(newestMissing)];

beforeAll(async () => {
  store = await openMigratedStore(data);
});
afterAll(async () => {
  await store.close();
  rmSync(data, { recursive: true, force: true });
});

describe('one process with a head', () => {
  let one: Head;
  let apart: Metrics;
  beforeAll(async () => {
    one = await startHead('one');
    await send(one.head, orders(0, 1800));
    await one.head.cut();
    await send(one.head, orders(1800, 3600));
    await send(one.head, [{ labels: { __name__: 'secret_total' }, samples: [[start + 1000, 1]] }], 'globex');
  });
  beforeEach(() => {
    one.next = 'whole';
    apart = openApart(one.url);
    return () => apart.close();
  });
  afterAll(() => one.close());

  test('what was cut and what was not are seen once, as where the head is', async () => {
    expect(await total(apart)).toEqual([pods * 120, []]);
    const local = openMetrics({
      store,
      engine: { url: 'http://engine', socketPath: store.socketPath, database: telemetryDatabase },
      head: one.head,
      clock: systemClock,
      logger: silentLogger,
    });
    for (const expression of ['rate(orders_total[10m])', 'topk(3, orders_total)', 'orders_total{pod=~"p1.?"}[1h]'])
      expect((await asked(apart, expression)).value, expression).toEqual((await asked(local, expression)).value);
    await local.close();
  });

  test('a cut of a block that is cached here does not hide what was cut', async () => {
    expect((await total(apart))[0]).toBe(pods * 120);
    await one.head.cut();
    await send(one.head, orders(3600, 3900));
    await one.head.cut();
    expect(await total(apart)).toEqual([pods * 130, []]);
  });

  test('labels, names, series and figures are of now', async () => {
    await send(one.head, [{ labels: { __name__: 'brand_new', shop: 'S1' }, samples: [[start + 5000, 1]] }]);
    const query = { organisation: 'acme', matchers: [], startMs: 0, endMs: Infinity, limit: 0 };
    const names = await apart.metricNames(query);
    expect(names.ok && names.value.items.map(({ metric }) => metric)).toEqual(['brand_new', 'orders_total']);
    expect(await apart.labelValues({ ...query, label: 'shop' })).toEqual({
      ok: true,
      value: { items: ['S1'], cut: false },
    });
    expect(await apart.labelNames(query)).toMatchObject({ value: { items: ['__name__', 'pod', 'shop'] } });
    expect(await apart.series({ ...query, limit: 2 })).toMatchObject({ value: { items: [{}, {}], cut: true } });
    expect((await apart.statistics('acme')).byMetric).toContainEqual(['brand_new', 1]);
  });

  test('no organisation sees what is of another', async () => {
    expect((await asked(apart, 'secret_total')).value).toEqual({
      type: 'vector',
      atMs: start + 7_100_000,
      samples: [],
    });
    expect((await asked(apart, 'secret_total[2h]', { organisation: 'globex' })).value).toMatchObject({ series: [{}] });
    const query = { organisation: 'globex', matchers: [], startMs: 0, endMs: Infinity, limit: 0 };
    expect(await apart.metricNames(query)).toMatchObject({ value: { items: [{ metric: 'secret_total' }] } });
  });

  test('a selector of too many series is refused as where the head is', async () => {
    const answer = await apart.instant({
      organisation: 'acme',
      expression: 'orders_total',
      atMs: start,
      bounds: { series: 10 },
    });
    expect(answer).toMatchObject({
      ok: false,
      error: { kind: 'execution', message: expect.stringContaining('more than the limit of 10') },
    });
  });
});

describe('a head that is not reached', () => {
  let one: Head;
  beforeAll(async () => {
    one = await startHead('gone');
    await send(one.head, orders(4200, 4500));
  });
  afterAll(() => one.head.close());

  test('none is known: the tables answer, and the answer says so', async () => {
    const apart = openApart();
    expect(await total(apart)).toEqual([pods * 130, missing]);
    const query = { organisation: 'acme', matchers: [], startMs: 0, endMs: Infinity, limit: 0 };
    expect(await apart.labelNames(query)).toMatchObject({ ok: true, value: { warnings: [newestMissing] } });
    expect(await apart.exemplars({ ...query, endMs: start, expression: 'orders_total' })).toMatchObject({
      value: { warnings: [newestMissing] },
    });
    await apart.close();
  });

  test('an answer that ends half-way is a warning, and who acts on answers is told instead', async () => {
    const apart = openApart(one.url);
    one.next = 'half';
    one.sent.bytes = 0;
    expect(await total(apart)).toEqual([pods * 130, missing]);
    const whole = await apart.instant({ organisation: 'acme', expression: 'orders_total', atMs: start, whole: true });
    expect(whole).toEqual({ ok: false, error: { kind: 'unavailable', message: newestMissing } });
    await apart.close();
  });

  test('a head that ends while it is asked', async () => {
    const apart = openApart(one.url);
    one.next = 'never';
    const answer = total(apart);
    setTimeout(() => void one.stop(), 200);
    expect(await answer).toEqual([pods * 130, missing]);
    // Nobody listens any more.
    expect(await total(apart)).toEqual([pods * 130, missing]);
    await apart.close();
  });
});

test('several processes with a head are one', async () => {
  const [a, b] = await Promise.all([startHead('a'), startHead('b')]);
  await send(a.head, orders(4500, 4800));
  await send(b.head, orders(4800, 5100));
  await send(b.head, orders(4800, 5100, 1000));
  const apart = openApart(a.url, b.url);
  expect(await total(apart)).toEqual([pods * 150 + pods * 10, []]);
  await a.head.cut();
  expect(await total(apart)).toEqual([pods * 150 + pods * 10, []]);
  await a.stop();
  const lonely = openApart(a.url, b.url);
  expect(await total(lonely)).toEqual([pods * 150 + pods * 10, missing]);
  await Promise.all([apart.close(), lonely.close()]);
  await Promise.all([a.head.close(), b.close()]);
});

test('more samples than may be asked of another process are refused with the reason', async () => {
  const small = await startHead('small', { answerBytes: 1000 });
  await send(small.head, orders(5100, 5400));
  const apart = openApart(small.url);
  const answer = await apart.instant({
    organisation: 'acme',
    expression: 'count(orders_total)',
    atMs: start + 5_400_000,
  });
  expect(answer).toMatchObject({
    ok: false,
    error: { kind: 'execution', message: expect.stringContaining('choose fewer series') },
  });
  await apart.close();
  await small.close();
});

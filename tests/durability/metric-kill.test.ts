import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ProtobufWriter } from '@sightline/ingest/otlp';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';

/** `KILLS=20` for the long run. */
const cycles = Number(process.env.KILLS ?? 8);
const seriesPerSender = 50;
const senders = 3;
const blockMs = 7_200_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

let product: Product;
/** A try that failed leaves its samples in the product, and the next counts its own. */
let numbered = 'numbered_0';
let tries = 0;
beforeEach(() => {
  numbered = `numbered_${++tries}`;
});
beforeAll(async () => {
  product = await startProduct({ env: headless });
});
afterAll(async () => {
  await product.close();
});

/** A remote write request: one sample of each series, all with one value. */
function request(sender: number, value: number, atMs: number): Buffer {
  return requestOf(numbered, sender, [[atMs, value]]);
}

type Sample = readonly [atMs: number, value: number];

/** The same samples in each series of a sender. */
function requestOf(metric: string, sender: number, samples: readonly Sample[]): Buffer {
  const writer = new ProtobufWriter(8192);
  for (let series = 0; series < seriesPerSender; series++) {
    const opened = writer.open(1);
    for (const [name, text] of [
      ['__name__', metric],
      ['sender', String(sender)],
      ['series', String(series)],
    ] as const) {
      const label = writer.open(1);
      writer.string(1, name);
      writer.string(2, text);
      writer.close(label);
    }
    for (const [atMs, value] of samples) {
      const sample = writer.open(2);
      writer.double(1, value);
      writer.integer(2, atMs);
      writer.close(sample);
    }
    writer.close(opened);
  }
  return snappyLiteral(writer.finish());
}

/** Snappy's block format without any compression (https://github.com/google/snappy/blob/main/format_description.txt). */
function snappyLiteral(bytes: Buffer): Buffer {
  const parts: Uint8Array[] = [];
  const head: number[] = [];
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    head.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) break;
  }
  parts.push(Buffer.from(head));
  for (let at = 0; at < bytes.length; at += 65_536) {
    const literal = bytes.subarray(at, at + 65_536);
    parts.push(Buffer.from([61 << 2, (literal.length - 1) & 255, (literal.length - 1) >> 8]), literal);
  }
  return Buffer.concat(parts);
}

/** Until it is acknowledged. */
async function send(url: string, body: Buffer): Promise<void> {
  for (;;) {
    const reply = await fetch(`${url}/api/v1/write`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}`,
        'content-type': 'application/x-protobuf',
      },
      body,
      signal: AbortSignal.timeout(20_000),
    }).catch(() => undefined);
    if (reply?.status === 204) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Sends numbered samples without pause; what was not acknowledged is sent again, as Prometheus does. */
class Sender {
  readonly sums: { count: number; sum: number } = { count: 0, sum: 0 };
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(url: string, number: number, startMs: number) {
    this.#running = this.#run(url, number, startMs);
  }

  async #run(url: string, number: number, startMs: number): Promise<void> {
    for (let value = 1; !this.#stopped; value++) {
      // In turn into three blocks that are over: each start cuts what the log held of them.
      const body = request(number, value, startMs + (value % 3) * blockMs + Math.floor(value / 3) * 500);
      await send(url, body);
      this.sums.count++;
      this.sums.sum += value;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}

async function metric(name: RegExp): Promise<number> {
  const reply = await fetch(`${product.url}/metrics`, {
    headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` },
    signal: AbortSignal.timeout(30_000),
  });
  return Number(name.exec(await reply.text())?.[1] ?? Number.NaN);
}

async function ask(expression: string): Promise<Map<string, number>> {
  const reply = await fetch(`${product.url}/prometheus/api/v1/query?query=${encodeURIComponent(expression)}`, {
    headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` },
    signal: AbortSignal.timeout(60_000),
  });
  const answer = (await reply.json()) as {
    status: string;
    error?: string;
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  if (answer.status !== 'success') throw new Error(answer.error);
  return new Map(
    answer.data.result.map(({ metric: labels, value }) => [
      `${labels['sender']}/${labels['series']}`,
      Number(value[1]),
    ]),
  );
}

/** Steps of an hour. */
async function askRange(expression: string, startMs: number, endMs: number) {
  const query = new URLSearchParams({
    query: expression,
    start: String(startMs / 1000),
    end: String(endMs / 1000),
    step: '3600',
  });
  const reply = await fetch(`${product.url}/prometheus/api/v1/query_range?${query.toString()}`, {
    headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` },
    signal: AbortSignal.timeout(30_000),
  });
  const answer = (await reply.json()) as {
    status: string;
    error?: string;
    infos?: string[];
    data: { result: { values: [number, string][] }[] };
  };
  if (answer.status !== 'success') throw new Error(answer.error);
  return { infos: answer.infos ?? [], values: answer.data.result[0]?.values ?? [] };
}

function enginePid(): number {
  for (const entry of readdirSync(path.join(product.dataFolder, 'run'), { withFileTypes: true })) {
    if (entry.name !== 'engine.json') continue;
    return Number(
      /"(?:enginePid|pid)":\s*(\d+)/.exec(readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))?.[1],
    );
  }
  return 0;
}

test(
  `${cycles} kills of server and engine under remote write lose and double no sample, and roll up each day once`,
  { timeout: 900_000 },
  async () => {
    const startMs = Math.floor(Date.now() / blockMs) * blockMs - 4 * blockMs;
    // Days that are over for long are rolled up as soon as they are cut, between the kills: twelve samples an hour, each 10 more.
    const oldMs = Math.floor(Date.now() / dayMs) * dayMs - 9 * dayMs;
    const old = Array.from({ length: (5 * dayMs) / 300_000 }, (_, i): Sample => [oldMs + i * 300_000 + 7000, i * 10]);
    for (let from = 0; from < old.length; from += 500)
      await send(product.url, requestOf('old_total', 0, old.slice(from, from + 500)));
    const running = Array.from({ length: senders }, (_, number) => new Sender(product.url, number, startMs));
    for (let cycle = 0; cycle < cycles; cycle++) {
      await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 1500));
      if (cycle % 4 === 1) process.kill(enginePid(), 'SIGKILL');
      else {
        await product.kill();
        await product.start();
      }
    }
    await Promise.all(running.map((sender) => sender.stop()));
    expect(running.every(({ sums }) => sums.count > 10)).toBe(true);
    expect(
      await eventually(
        () => metric(/^sightline_spool_records (\d+)/m),
        (waiting) => waiting === 0,
        120_000,
      ),
    ).toBe(0);
    for (const [by, of] of [
      ['count_over_time', (sums: Sender['sums']) => sums.count],
      ['sum_over_time', (sums: Sender['sums']) => sums.sum],
    ] as const) {
      const stored = await ask(`${by}(${numbered}[1d])`);
      expect(stored.size).toBe(senders * seriesPerSender);
      for (const [number, { sums }] of running.entries())
        for (let series = 0; series < seriesPerSender; series++)
          expect(stored.get(`${number}/${series}`), `${by} of ${number}/${series}`).toBe(of(sums));
    }
    const [fromMs, toMs] = [oldMs + hourMs, oldMs + 5 * dayMs];
    await eventually(
      () => metric(/^sightline_metric_store_rolled_up_days (\d+)/m),
      (days) => days >= 5,
      300_000,
      2000,
    );
    const { infos, values } = await eventually(
      () => askRange('sum(count_over_time(old_total[1h])) + 0 * sum(increase(old_total[1h]))', fromMs, toMs),
      (answer) => answer.infos.length > 0,
      60_000,
      2000,
    );
    expect(infos).toEqual([expect.stringContaining('answered from roll-ups of 1 hour: as from samples')]);
    expect(values).toEqual(
      Array.from({ length: (toMs - fromMs) / hourMs + 1 }, (_, i) => [
        (fromMs + i * hourMs) / 1000,
        String(12 * seriesPerSender),
      ]),
    );
  },
);

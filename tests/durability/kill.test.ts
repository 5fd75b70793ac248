import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '@sightline/base';
import { LogsRequestBuilder } from '@sightline/ingest';
import { connectStore } from '@sightline/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';

const cycles = 20;
const recordsPerRequest = 20;

let product: Product;
beforeAll(async () => {
  product = await startProduct({ env: headless });
});
afterAll(async () => {
  await product.close();
});

/** Sends numbered records without pause until told to stop; remembers which were acknowledged. */
class Sender {
  readonly acknowledged: number[] = [];
  sent = 0;
  #stopped = false;
  readonly #running: Promise<void>[];

  constructor(url: string, lanes: number) {
    this.#running = Array.from({ length: lanes }, () => this.#run(url));
  }

  async #run(url: string): Promise<void> {
    while (!this.#stopped) {
      const first = this.sent;
      this.sent += recordsPerRequest;
      const builder = new LogsRequestBuilder().resource({
        'service.name': 'payment',
        'site.id': `STORE_${String(first % 7).padStart(3, '0')}`,
      });
      for (let i = 0; i < recordsPerRequest; i++)
        builder.add({
          timeNs: BigInt(Date.now()) * 1_000_000n,
          severityNumber: 9,
          body: `numbered record`,
          attributes: { number: String(first + i) },
        });
      const reply = await fetch(`${url}/v1/logs`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf', authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` },
        body: builder.build(),
        signal: AbortSignal.timeout(20_000),
      }).catch(() => undefined);
      // Only a whole 200 counts: a request cut off in the middle may or may not have been kept, and is never sent again here.
      if (
        reply?.status === 200 &&
        (await reply.arrayBuffer().then(
          () => true,
          () => false,
        ))
      )
        for (let i = 0; i < recordsPerRequest; i++) this.acknowledged.push(first + i);
      else await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }
}

async function recordsWaiting(): Promise<number> {
  const reply = await fetch(`${product.url}/metrics`, {
    headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` },
    signal: AbortSignal.timeout(10_000),
  });
  return Number(/^sightline_spool_records (\d+)/m.exec(await reply.text())?.[1] ?? Number.NaN);
}

function pidInside(folder: string, file: RegExp): number {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !file.test(entry.name)) continue;
    const text = readFileSync(path.join(entry.parentPath, entry.name), 'utf8');
    const pid = Number(/^\d+/.exec(text)?.[0] ?? /"(?:enginePid|pid)":\s*(\d+)/.exec(text)?.[1] ?? 0);
    if (pid > 1) return pid;
  }
  return 0;
}

function killPid(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

test(
  'twenty kills of server, engine and PostgreSQL under load lose and double nothing that was acknowledged',
  { timeout: 400_000 },
  async () => {
    const sender = new Sender(product.url, 4);
    const killed = { server: 0, engine: 0, postgres: 0 };
    for (let cycle = 0; cycle < cycles; cycle++) {
      await new Promise((resolve) => setTimeout(resolve, 700 + Math.random() * 1800));
      const victim = (['server', 'engine', 'postgres', 'server'] as const)[cycle % 4]!;
      if (victim === 'server') {
        await product.kill();
        await product.start();
        killed.server++;
      } else if (victim === 'engine' && killPid(pidInside(path.join(product.dataFolder, 'run'), /^engine\.json$/)))
        killed.engine++;
      else if (
        victim === 'postgres' &&
        killPid(pidInside(path.join(product.dataFolder, 'control'), /^postmaster\.pid$/))
      )
        killed.postgres++;
    }
    await sender.stop();
    expect(killed).toEqual({ server: 10, engine: 5, postgres: 5 });
    expect(sender.acknowledged.length).toBeGreaterThan(2000);

    const store = await connectStore({
      url: 'http://engine',
      socketPath: path.join(product.dataFolder, 'run', 'engine.sock'),
      clock: systemClock,
    });
    const total = async (): Promise<{ records: number; numbers: number }> => {
      const [row] = await store.query<{ records: string; numbers: string }>(
        "SELECT count() AS records, uniqExact(attrs['number']) AS numbers FROM logs",
      );
      return { records: Number(row?.records), numbers: Number(row?.numbers) };
    };
    // Settled when nothing waits to be loaded any more: what was cut off in the middle may have been kept as well.
    const waiting = await eventually(recordsWaiting, (records) => records === 0, 120_000);
    expect(waiting, 'the spool empties').toBe(0);
    const settled = await total();

    const stored = new Set(
      (
        await store.query<{ number: string }>(
          "SELECT attrs['number'] AS number FROM logs",
          {},
          { resultRows: 5_000_000 },
        )
      ).map((row) => Number(row.number)),
    );
    expect(sender.acknowledged.filter((number) => !stored.has(number))).toEqual([]);
    expect(settled.records, 'nothing is stored twice').toBe(settled.numbers);
    const [volume] = await store.query<{ records: string }>('SELECT sum(records) AS records FROM volume');
    expect(Number(volume?.records), 'the views count each record once').toBe(settled.records);
    const [ledger] = await store.query<{ records: string }>(
      "SELECT sum(records) AS records FROM ledger WHERE signal = 'logs' AND outcome = 'accepted'",
    );
    expect(Number(ledger?.records), 'the ledger adds up').toBe(settled.records);
    await store.close();
  },
);

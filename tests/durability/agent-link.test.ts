import path from 'node:path';
import { systemClock } from '@sightline/base';
import { LogsRequestBuilder } from '@sightline/ingest';
import { connectStore, type TelemetryStore } from '@sightline/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AsOwner, signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';
import { type SiteAgent, startSiteAgent } from '../support/site-agent.ts';
import { openSiteLink, type SiteLink } from '../support/site-link.ts';

const site = 'STORE_047';
const recordsPerRequest = 20;
const severities = [5, 9, 17] as const;
/** Records of the cut carry times of so long ago, as if it had lasted. */
const agoMs = 12 * 60_000;

let product: Product;
let owner: AsOwner;
let link: SiteLink;
let agent: SiteAgent;

beforeAll(async () => {
  product = await startProduct({ env: headless });
  owner = await signInOwner(product);
  link = await openSiteLink(Number(new URL(product.url).port));
  agent = await startSiteAgent(owner, { site, serverUrl: link.url });
});
afterAll(async () => {
  await agent.close();
  await link.close();
  await product.close();
});

/** A till that numbers its logs; it sends one request at a time, so that their order is known. */
class Till {
  readonly acknowledged: number[] = [];
  /** What was numbered while the line was down. */
  readonly during = { from: Infinity, to: -1 };
  #sent = 0;
  #stopped = false;
  cut = false;
  readonly #running = this.#run();

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const first = this.#sent;
      this.#sent += recordsPerRequest;
      const { cut } = this;
      const reply = await this.#send(first, cut).catch(() => undefined);
      if (reply?.status !== 200) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      for (let i = 0; i < recordsPerRequest; i++) this.acknowledged.push(first + i);
      if (cut) {
        this.during.from = Math.min(this.during.from, first);
        this.during.to = first + recordsPerRequest - 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  #send(first: number, cut: boolean): Promise<Response> {
    const builder = new LogsRequestBuilder().resource({ 'service.name': 'till' });
    const atMs = Date.now() - (cut ? agoMs : 0);
    for (let i = 0; i < recordsPerRequest; i++) {
      builder.add({
        timeNs: BigInt(atMs) * 1_000_000n + BigInt(i),
        severityNumber: severities[(first + i) % 3] ?? 9,
        body: 'bottle sold',
        attributes: { number: String(first + i) },
      });
    }
    return fetch(`${agent.receiveUrl}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: new Uint8Array(builder.build()),
      signal: AbortSignal.timeout(10_000),
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}

interface Stored {
  readonly number: number;
  readonly severity: number;
  readonly receivedMs: number;
}

async function storedRows(store: TelemetryStore): Promise<Stored[]> {
  const rows = await store.query<{ number: string; severity: number; receivedMs: string }>(
    `SELECT attrs['number'] AS number, severity, toString(toUnixTimestamp64Milli(received_at)) AS receivedMs
     FROM logs WHERE service = 'till' AND site = '${site}'`,
    {},
    { resultRows: 5_000_000 },
  );
  return rows.map((row) => ({
    number: Number(row.number),
    severity: row.severity,
    receivedMs: Number(row.receivedMs),
  }));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const agents = async () =>
  (await owner<{ agents: { link: string; spool: { waitingRecords: number } | null }[] }>('GET', '/api/v1/agents'))
    .agents;

test(
  'a line is cut under load and the agent killed twice meanwhile: every record arrives once, in order, and late ones are marked',
  { timeout: 240_000 },
  async () => {
    const till = new Till();
    await pause(3000);
    link.cut();
    till.cut = true;
    for (let kill = 0; kill < 2; kill++) {
      await pause(4000);
      await agent.kill();
      await agent.start();
    }
    await pause(4000);
    expect(agent.waitingBytes()).toBeGreaterThan(100_000);
    till.cut = false;
    link.restore();
    await pause(4000);
    await till.stop();

    const waiting = await eventually(
      async () => agent.waitingBytes(),
      (bytes) => bytes === 0,
      120_000,
    );
    // Its own metrics go on.
    expect(waiting).toBeLessThan(100_000);
    const store = await connectStore({
      url: 'http://engine',
      socketPath: path.join(product.dataFolder, 'run', 'engine.sock'),
      clock: systemClock,
    });
    try {
      const stored = await eventually(
        () => storedRows(store),
        (rows) => rows.length >= till.acknowledged.length,
        60_000,
      );
      const numbers = new Set(stored.map(({ number }) => number));
      expect(till.acknowledged.filter((number) => !numbers.has(number))).toEqual([]);
      expect(stored.length, 'nothing is stored twice').toBe(numbers.size);
      expect(till.during.to - till.during.from).toBeGreaterThan(1000);

      for (const severity of severities) {
        const lane = stored
          .filter((row) => row.severity === severity && row.number >= till.during.from && row.number <= till.during.to)
          .sort((a, b) => a.number - b.number);
        const early = lane.filter((row, at) => row.receivedMs < (lane[at - 1]?.receivedMs ?? 0));
        expect(early, `records of severity ${severity} overtook others`).toEqual([]);
      }

      const { rows } = await owner<{ rows: { at: number; receivedAt: number; attributes: Record<string, string> }[] }>(
        'GET',
        `/api/v1/logs?site=${site}&from=${Date.now() - 3_600_000}&to=${Date.now()}&order=oldest&limit=100`,
      );
      expect(rows.length).toBe(100);
      expect(rows.every(({ at, receivedAt }) => receivedAt - at > agoMs)).toBe(true);
      const shown = await eventually(agents, ([one]) => one?.link === 'up' && one.spool?.waitingRecords === 0, 60_000);
      expect(shown[0]).toMatchObject({ link: 'up' });
      expect(shown[0]?.spool?.waitingRecords).toBeLessThan(200);
    } finally {
      await store.close();
    }
  },
);

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '@sightline/base';
import { LogsRequestBuilder } from '@sightline/ingest/otlp';
import { connectStore, type TelemetryStore } from '@sightline/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, Program } from './test-support/programs.ts';

const kills = 20;
const recordsPerRequest = 20;
const severities = [5, 9, 17];

let folder: string;
let ports: { server: number; agent: number };
let server: Program;
let agent: Program;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sightline-forward-'));
  ports = { server: await freePort(), agent: await freePort() };
  server = new Program('receiving-server.ts', path.join(folder, 'server'), String(ports.server));
  agent = new Program(
    'forwarding-agent.ts',
    path.join(folder, 'agent'),
    `http://127.0.0.1:${ports.server}`,
    String(ports.agent),
  );
  await Promise.all([server.start(), agent.start()]);
});
afterAll(async () => {
  await agent.end('SIGTERM');
  await server.end('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

/** Sends numbered logs of all severities to the agent until stopped; remembers which it acknowledged. */
class Till {
  readonly acknowledged: number[] = [];
  #sent = 0;
  #stopped = false;
  readonly #running = [this.#run(), this.#run()];

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const first = this.#sent;
      this.#sent += recordsPerRequest;
      const reply = await send(first).catch(() => undefined);
      if (reply?.status === 200) for (let i = 0; i < recordsPerRequest; i++) this.acknowledged.push(first + i);
      await new Promise((resolve) => setTimeout(resolve, reply ? 60 : 100));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }
}

function send(first: number): Promise<Response> {
  const builder = new LogsRequestBuilder().resource({ 'service.name': 'till' });
  for (let i = 0; i < recordsPerRequest; i++) {
    const number = first + i;
    builder.add({
      timeNs: BigInt(Date.now()) * 1_000_000n,
      severityNumber: severities[number % 3] ?? 9,
      body: 'numbered',
      attributes: { number: String(number) },
    });
  }
  return fetch(`http://127.0.0.1:${ports.agent}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(builder.build()),
    signal: AbortSignal.timeout(10_000),
  });
}

/** Waits until nothing waits at the agent, and then until nothing waits at the server. */
async function untilSettled(): Promise<void> {
  await expect.poll(() => waitingAtAgent(), { timeout: 120_000, interval: 300 }).toBe(0);
  const waiting = async (): Promise<number> => {
    const reply = await fetch(`http://127.0.0.1:${ports.server}/waiting`);
    return ((await reply.json()) as { records: number }).records;
  };
  await expect.poll(waiting, { timeout: 60_000, interval: 300 }).toBe(0);
}

function waitingAtAgent(): number {
  const spool = path.join(folder, 'agent', 'forward', 'spool');
  const files = readdirSync(spool, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.seg'));
  return files.reduce((sum, file) => sum + (statSync(path.join(spool, file), { throwIfNoEntry: false })?.size ?? 0), 0);
}

async function totals(store: TelemetryStore): Promise<{ records: number; numbers: number }> {
  const [row] = await store.query<{ records: string; numbers: string }>(
    "SELECT count() AS records, uniqExact(attrs['number']) AS numbers FROM logs",
  );
  return { records: Number(row?.records), numbers: Number(row?.numbers) };
}

test(
  `${kills} kills of agent and server under load: every record that was acknowledged at the site is in the table once`,
  { timeout: 400_000 },
  async () => {
    const till = new Till();
    for (let cycle = 0; cycle < kills; cycle++) {
      await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 1400));
      const victims = [[agent], [server], [agent], [agent, server]][cycle % 4] ?? [];
      await Promise.all(victims.map((program) => program.end('SIGKILL')));
      await Promise.all(victims.map((program) => program.start()));
    }
    await till.stop();
    const store = await connectStore({
      url: 'http://engine',
      socketPath: path.join(folder, 'server', 'run', 'engine.sock'),
      clock: systemClock,
    });
    try {
      await untilSettled();
      const settled = await totals(store);
      expect(till.acknowledged.length).toBeGreaterThan(1000);
      const stored = new Set(
        (
          await store.query<{ number: string }>(
            "SELECT attrs['number'] AS number FROM logs",
            {},
            { resultRows: 5_000_000 },
          )
        ).map((row) => Number(row.number)),
      );
      expect(till.acknowledged.filter((number) => !stored.has(number))).toEqual([]);
      expect(settled.records, 'nothing is stored twice').toBe(settled.numbers);
      const [ledger] = await store.query<{ records: string }>(
        "SELECT sum(records) AS records FROM ledger WHERE signal = 'logs' AND outcome = 'accepted' AND organisation = 'org-1'",
      );
      expect(Number(ledger?.records), 'the ledger adds up').toBe(settled.records);
      const [scopes] = await store.query<{ sites: string }>(
        'SELECT toString(groupUniqArray((organisation, site))) AS sites FROM logs',
      );
      expect(scopes?.sites).toBe("[('org-1','STORE_047')]");
    } finally {
      await store.close();
    }
  },
);

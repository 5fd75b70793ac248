import { LogsRequestBuilder } from '@sightline/ingest';
import type { TelemetryStore } from '@sightline/store';

const recordsPerRequest = 20;
/** What a till logs, in turn: each goes by a lane of its own. */
export const tillSeverities = [5, 9, 17] as const;
/** Records that are dated back carry times of so long ago. */
export const agoMs = 12 * 60_000;

/** A till that numbers its logs; it sends one request at a time to its site's agent, so that their order is known. */
export class Till {
  /** Numbers that the agent took. What was cut off in the middle may or may not have been kept, and is not among them. */
  readonly acknowledged: number[] = [];
  /** What was numbered while `datedBack` held. */
  readonly during = { from: Infinity, to: -1 };
  /** Dates records back, as if the line had been cut for long. */
  datedBack = false;
  /** Between two requests. */
  pauseMs: number;
  readonly #receiveUrl: string;
  #sent = 0;
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(receiveUrl: string, pauseMs: number) {
    this.#receiveUrl = receiveUrl;
    this.pauseMs = pauseMs;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const first = this.#sent;
      this.#sent += recordsPerRequest;
      const { datedBack } = this;
      const reply = await this.#send(first, datedBack).catch(() => undefined);
      if (reply?.status !== 200) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      for (let i = 0; i < recordsPerRequest; i++) this.acknowledged.push(first + i);
      if (datedBack) {
        this.during.from = Math.min(this.during.from, first);
        this.during.to = first + recordsPerRequest - 1;
      }
      await new Promise((resolve) => setTimeout(resolve, this.pauseMs));
    }
  }

  #send(first: number, datedBack: boolean): Promise<Response> {
    const builder = new LogsRequestBuilder().resource({ 'service.name': 'till' });
    const atMs = Date.now() - (datedBack ? agoMs : 0);
    for (let i = 0; i < recordsPerRequest; i++) {
      builder.add({
        timeNs: BigInt(atMs) * 1_000_000n + BigInt(i),
        severityNumber: tillSeverities[(first + i) % tillSeverities.length] ?? 9,
        body: 'bottle sold',
        attributes: { number: String(first + i) },
      });
    }
    return fetch(`${this.#receiveUrl}/v1/logs`, {
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

/** One record of a till as it is stored. */
export interface TillRecord {
  readonly number: number;
  readonly severity: number;
  readonly receivedMs: number;
}

/** All records of tills at a site, in no order. */
export async function tillRecords(store: TelemetryStore, site: string): Promise<TillRecord[]> {
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

/** Sends one fatal log of a program, to an agent or (with a key) to the server. */
export function sendFatal(
  url: string,
  resource: Readonly<Record<string, string>>,
  body: string,
  key?: string,
): Promise<Response> {
  const builder = new LogsRequestBuilder().resource(resource);
  builder.add({ timeNs: BigInt(Date.now()) * 1_000_000n, severityNumber: 21, body, attributes: {} });
  return fetch(`${url}/v1/logs`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    body: new Uint8Array(builder.build()),
    signal: AbortSignal.timeout(10_000),
  });
}

import { LogsRequestBuilder } from '@sightline/ingest';
import type { ServerUnderTest } from './server-under-test.ts';

const everyMs = 1000;
const patienceMs = 60_000;

/** Sends marked records until it is stopped; measures from each one's acknowledgement until a search finds it. */
export class VisibilityProbe {
  readonly #server: ServerUnderTest;
  readonly #waits: Promise<number>[] = [];
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(server: ServerUnderTest) {
    this.#server = server;
    this.#timer = setInterval(() => this.#waits.push(this.#probe(`probe${process.pid}x${this.#sent++}`)), everyMs);
  }

  /** Milliseconds of every record sent, sorted; `Infinity` for one that a minute did not show. */
  async stop(): Promise<number[]> {
    clearInterval(this.#timer);
    return (await Promise.all(this.#waits)).sort((a, b) => a - b);
  }

  async #probe(word: string): Promise<number> {
    const builder = new LogsRequestBuilder();
    builder.resource({ 'service.name': 'probe' });
    builder.add({ timeNs: BigInt(Date.now()) * 1_000_000n, severityNumber: 9, body: word });
    const headers = { authorization: `Bearer ${this.#server.key}` };
    await fetch(`${this.#server.url}/v1/logs`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-protobuf' },
      body: new Uint8Array(builder.build()),
    });
    const startedMs = performance.now();
    while (performance.now() - startedMs < patienceMs) {
      const query = `from=${Date.now() - 600_000}&to=${Date.now() + 60_000}&service=probe&q=${word}`;
      const reply = await fetch(`${this.#server.url}/api/v1/logs?${query}`, { headers });
      if (reply.ok && ((await reply.json()) as { rows: unknown[] }).rows.length > 0)
        return performance.now() - startedMs;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return Number.POSITIVE_INFINITY;
  }
}

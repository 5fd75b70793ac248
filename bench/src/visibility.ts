import { LogsRequestBuilder } from '@sightline/ingest';
import type { ServerUnderTest } from './server-under-test.ts';

const pollMs = 100;
const patienceMs = 60_000;

/**
 * Sends marked records, one after the other, until it is stopped; measures from each one's acknowledgement until a search
 * finds it. One at a time, so that asking does not become the load.
 */
export class VisibilityProbe {
  readonly #server: ServerUnderTest;
  readonly #running: Promise<number[]>;
  #stopped = false;

  constructor(server: ServerUnderTest) {
    this.#server = server;
    this.#running = this.#run();
  }

  /** Milliseconds of every record sent, sorted; `Infinity` for one that a minute did not show. */
  stop(): Promise<number[]> {
    this.#stopped = true;
    return this.#running;
  }

  async #run(): Promise<number[]> {
    const waits: number[] = [];
    while (!this.#stopped) waits.push(await this.#probe(`probe${process.pid}x${waits.length}`));
    return waits.sort((a, b) => a - b);
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
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    return Number.POSITIVE_INFINITY;
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Clock, Logger } from '@sightline/base';
import type { Control } from '@sightline/control';

/** One fault of the demo fleet as the API shows it. */
export interface DemoFault {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly active: boolean;
  readonly sites: string[];
}

const program = path.join(import.meta.dirname, '../../../examples/fleet-simulator/src/main.ts');

/**
 * The demo fleet: waits until the installation has its first organisation, then runs the simulator as a child with an
 * ingest key of that organisation, and starts it again should it end.
 */
export class DemoFleet {
  readonly #url: string;
  readonly #socket: string;
  readonly #control: Control;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ending = new AbortController();
  #child: ChildProcess | undefined;

  constructor(parts: { url: string; dataFolder: string; control: Control; clock: Clock; logger: Logger }) {
    this.#url = parts.url;
    this.#control = parts.control;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    const beside = path.join(parts.dataFolder, 'run', 'fleet.sock');
    const short = createHash('sha256').update(parts.dataFolder).digest('hex').slice(0, 12);
    this.#socket = Buffer.byteLength(beside) < 100 ? beside : path.join(tmpdir(), `sightline-fleet-${short}.sock`);
  }

  /** Returns at once; the fleet begins when there is an organisation to report to. */
  start(): void {
    void this.#run().catch((error: unknown) => this.#logger.error('the demo fleet stopped', { error }));
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const [organisation] = await this.#control.organisations.list(1);
      if (organisation) await this.#fleet((await this.#control.keys.ingestKey(organisation.id)).secret ?? '');
      await this.#clock.sleep(1000, signal);
    }
  }

  /** Runs the simulator once; resolves when it has ended. */
  async #fleet(key: string): Promise<void> {
    const args = [program, '--url', this.#url, '--control', this.#socket];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { SIGHTLINE_KEY: key },
    });
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) =>
      this.#logger.warn('demo fleet', { line: chunk.toString().slice(0, 500) }),
    );
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    this.#child = undefined;
  }

  async list(): Promise<DemoFault[]> {
    const reply = await this.#ask('GET', '/faults');
    return reply.status === 200 ? (JSON.parse(reply.body) as { faults: DemoFault[] }).faults : [];
  }

  /** All faults after the change; undefined when there is none of that name. */
  async switch(name: string, active: boolean, sites: readonly string[]): Promise<DemoFault[] | undefined> {
    const reply = await this.#ask('PUT', `/faults/${encodeURIComponent(name)}`, JSON.stringify({ active, sites }));
    return reply.status === 200 ? (JSON.parse(reply.body) as { faults: DemoFault[] }).faults : undefined;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    const child = this.#child;
    if (!child) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    await Promise.race([ended, this.#clock.sleep(4000)]);
    if (this.#child) child.kill('SIGKILL');
  }

  #ask(method: string, url: string, body = ''): Promise<{ status: number; body: string }> {
    return new Promise((resolve) => {
      const asked = request({ socketPath: this.#socket, method, path: url, timeout: 3000 }, (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      });
      // Not running yet, or between two runs: there are no faults to show.
      asked.on('error', () => resolve({ status: 0, body: '' }));
      asked.on('timeout', () => asked.destroy());
      asked.end(body);
    });
  }
}

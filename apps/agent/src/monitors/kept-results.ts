import type { Clock } from '@sightline/base';
import { monitorResult, type AgentMessage, type MonitorResult } from '@sightline/fleet/messages';
import { z } from 'zod';
import { textOfFile, writeDurably } from '../durable-file.ts';

/** A day of ten monitors that run each minute, and a little more; the oldest go first. */
const mostKept = 20_000;
const batchSize = 500;

type Batch = Extract<AgentMessage, { type: 'results' }>;

const keptFile = z.object({ dropped: z.number(), batch: z.number(), results: z.array(monitorResult) });

/** Results of monitors until the server has said `checked`, on the disk so that they outlive the agent. */
export class KeptResults {
  readonly #file: string;
  #results: MonitorResult[];
  #dropped: number;
  /** Numbers grow from the clock, so that two lives of the agent never use one twice. */
  #lastBatch: number;
  #flying: { readonly batch: number; readonly count: number } | undefined;
  #dirty = false;

  constructor(file: string, clock: Clock) {
    this.#file = file;
    const kept = readKept(file);
    this.#results = kept?.results ?? [];
    this.#dropped = kept?.dropped ?? 0;
    this.#lastBatch = Math.max(kept?.batch ?? 0, clock.now());
  }

  /** Results that were given up since the agent was installed because more came than are kept. */
  get dropped(): number {
    return this.#dropped;
  }

  get waiting(): number {
    return this.#results.length;
  }

  add(result: MonitorResult): void {
    this.#dirty = true;
    this.#results.push(result);
    // Not what is on its way: the answer to it counts from the front.
    const from = this.#flying?.count ?? 0;
    if (this.#results.length > mostKept && this.#results.splice(from, 1).length > 0) this.#dropped++;
  }

  /** The batch to send next; undefined when there is none, or while another one waits for its answer. */
  next(): Batch | undefined {
    if (this.#flying || this.#results.length === 0) return undefined;
    const results = this.#results.slice(0, batchSize);
    this.#flying = { batch: ++this.#lastBatch, count: results.length };
    return { type: 'results', batch: this.#flying.batch, results };
  }

  /** The server has this batch for good. */
  checked(batch: number): void {
    if (this.#flying?.batch !== batch) return;
    this.#results.splice(0, this.#flying.count);
    this.#flying = undefined;
    this.#dirty = true;
  }

  /** The link went down before the answer came: the batch is sent again with the next. */
  unsent(): void {
    this.#flying = undefined;
  }

  /** Writes what changed since the last time. */
  save(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    writeDurably(
      this.#file,
      JSON.stringify({ dropped: this.#dropped, batch: this.#lastBatch, results: this.#results }),
    );
  }
}

function readKept(file: string): z.infer<typeof keptFile> | undefined {
  try {
    return keptFile.safeParse(JSON.parse(textOfFile(file) ?? 'null')).data;
  } catch {
    // Not ours any more; the next save replaces it.
    return undefined;
  }
}

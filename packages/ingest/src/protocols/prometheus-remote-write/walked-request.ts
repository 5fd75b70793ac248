import type { Reason } from '@sightline/record';
import type { Refusal } from '../../protocol.ts';

/** Labels that a series may have. */
export const maxLabels = 256;

/** Times that are taken, milliseconds since the epoch; `fromMs` is -Infinity where samples are kept for ever. */
export interface SampleWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What of a request may be stored. */
export interface WalkedRequest {
  /** The request's bytes without what was refused. */
  readonly bytes: Buffer;
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
  /** Metadata that stands by itself (1.0). */
  readonly metadata: number;
  readonly refused: readonly Refusal[];
}

/** What a walk has seen so far, and which of the request's bytes it keeps. */
export class Tally {
  samples = 0;
  histograms = 0;
  exemplars = 0;
  metadata = 0;
  readonly #body: Buffer;
  readonly #kept: Uint8Array[] = [];
  readonly #refused = new Map<string, Refusal>();
  /** Everything from here on is kept, until something is cut. */
  #from = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  refuse(reason: Reason, records: number, message: string): void {
    const known = this.#refused.get(`${reason} ${message}`);
    if (!known && this.#refused.size >= refusalsLimit) return this.#refuseMore(reason, records);
    const all = records + (known?.records ?? 0);
    this.#refused.set(`${reason} ${message}`, { signal: 'metrics', reason, records: all, message });
    return undefined;
  }

  #refuseMore(reason: Reason, records: number): void {
    const message = 'further records';
    const all = records + (this.#refused.get(reason)?.records ?? 0);
    this.#refused.set(reason, { signal: 'metrics', reason, records: all, message });
  }

  /** Leaves out the bytes `start` to `stop`, and puts `instead` in their place. */
  cut(start: number, stop: number, ...instead: readonly Uint8Array[]): void {
    this.#kept.push(this.#body.subarray(this.#from, start), ...instead);
    this.#from = stop;
  }

  finish(): WalkedRequest {
    const { samples, histograms, exemplars, metadata } = this;
    const rest = this.#body.subarray(this.#from);
    const bytes = this.#kept.length === 0 ? rest : Buffer.concat([...this.#kept, rest]);
    return { bytes, samples, histograms, exemplars, metadata, refused: [...this.#refused.values()] };
  }
}

const refusalsLimit = 50;

/** How a time is judged. */
export function judgeTime(atMs: number, { fromMs, toMs }: SampleWindow): '' | 'too-old' | 'too-new' {
  return atMs < fromMs ? 'too-old' : atMs > toMs ? 'too-new' : '';
}

const dayMs = 86_400_000;

/** What is told of samples out of time. */
export function outOfTime(reason: 'too-old' | 'too-new', { fromMs, toMs }: SampleWindow): string {
  const days = Math.round((toMs - fromMs) / dayMs) - 1;
  return reason === 'too-new'
    ? 'samples are too-new: more than a day ahead'
    : `samples are too-old: kept are ${days} days back and one ahead`;
}

/** The tag (one byte) and length of a length-delimited field that holds `parts`. */
export function fieldHead(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  let rest = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [tag];
  for (; rest >= 128; rest = Math.floor(rest / 128)) head.push((rest % 128) + 128);
  head.push(rest);
  return Uint8Array.from(head);
}

import { closeSync, fsyncSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import type { Clock } from '@sightline/base';
import { textOfFile } from '../durable-file.ts';

/** Ids are remembered at least this long; the longest request lives ten minutes. */
const rememberMs = 10 * 60_000;
/** Ids remembered at most: with more requests than these in ten minutes, further ones are refused. */
const mostIds = 5000;
const fileLimitBytes = 5e6;

/** A request as it is written into the site's own log. */
export interface Asked {
  readonly id: string;
  readonly by: string;
  readonly diagnostic: string;
  readonly input: unknown;
}

/**
 * The site's own record of what was asked of it, one JSON object a line in `actions.log` (and `actions.log.1`, the 5 MB
 * before), whatever the server says later. It is also the memory of request ids: a request is on the disk before it is
 * acted upon, so that no replay is, not even after a kill.
 */
export class ActionLog {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #seen = new Map<string, number>();
  #sizeBytes = 0;

  constructor(file: string, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
    for (const text of [textOfFile(`${file}.1`), textOfFile(file)]) this.#recall(text ?? '');
    this.#sizeBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Notes a request durably before it is acted upon; answers why it must not be, or undefined. */
  admit(asked: Asked): 'replayed' | 'busy' | undefined {
    this.#forget();
    if (this.#seen.has(asked.id)) return 'replayed';
    if (this.#seen.size >= mostIds) return 'busy';
    this.#seen.set(asked.id, this.#clock.now());
    this.#append({ event: 'asked', ...asked }, true);
    return undefined;
  }

  /** Notes how it ended: `done`, or the fault's reason and sentence. */
  ended(id: string, outcome: string, tookMs: number): void {
    this.#append({ event: 'ended', id, outcome, tookMs }, false);
  }

  #append(line: Record<string, unknown>, durable: boolean): void {
    const text = `${JSON.stringify({ at: new Date(this.#clock.now()).toISOString(), ...line })}\n`;
    if (this.#sizeBytes + text.length > fileLimitBytes) {
      renameSync(this.#file, `${this.#file}.1`);
      this.#sizeBytes = 0;
    }
    const handle = openSync(this.#file, 'a', 0o600);
    try {
      this.#sizeBytes += writeSync(handle, text);
      if (durable) fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  }

  #recall(text: string): void {
    const from = this.#clock.now() - rememberMs;
    for (const line of text.split('\n')) {
      if (!line.includes('"asked"')) continue;
      try {
        const { at, id } = JSON.parse(line) as { at?: unknown; id?: unknown };
        const moment = typeof at === 'string' ? Date.parse(at) : Number.NaN;
        if (typeof id === 'string' && moment >= from) this.#seen.set(id, moment);
      } catch {
        // The last line of a power cut: its request was never acted upon.
      }
    }
  }

  #forget(): void {
    const before = this.#clock.now() - rememberMs;
    for (const [id, at] of this.#seen) {
      // In order of arrival; a clock that was set back only keeps ids for longer.
      if (at >= before) return;
      this.#seen.delete(id);
    }
  }
}

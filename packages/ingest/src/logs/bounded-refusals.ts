import type { Reason } from '@sightline/record';
import type { Refusal } from '../protocol.ts';

const namedAtMost = 100;

/** Refused records of one request: the first hundred with their own message, the rest counted by reason. */
export class BoundedRefusals {
  readonly #named: Refusal[] = [];
  readonly #rest = new Map<Reason, number>();
  readonly #signal: string;

  constructor(signal = 'logs') {
    this.#signal = signal;
  }

  add(reason: Reason, message: string, records = 1): void {
    if (this.#named.length < namedAtMost) this.#named.push({ signal: this.#signal, reason, records, message });
    else this.#rest.set(reason, (this.#rest.get(reason) ?? 0) + records);
  }

  get records(): number {
    return this.list().reduce((sum, refusal) => sum + refusal.records, 0);
  }

  list(): Refusal[] {
    const rest = [...this.#rest].map(([reason, records]) => ({
      signal: this.#signal,
      reason,
      records,
      message: `${records} more records`,
    }));
    return [...this.#named, ...rest];
  }
}

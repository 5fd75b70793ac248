import type { Clock } from '@sightline/base';
import type { TelemetryReads } from '@sightline/query';
import { StoreError } from '@sightline/store/port';

/** A store that did not answer for longer than this, or what was received waiting longer for its table, hides what was sent. */
const longestBlindMs = 10_000;
const longestLagMs = 20_000;

/**
 * Since when we see what the stores send as it comes. While the telemetry store is away, or what was received still waits to
 * be loaded, records that were sent look like silence: nobody is to be blamed for that.
 */
export class Sight {
  /** The store, and every answer or its lack noted. */
  readonly reader: TelemetryReads;
  readonly #clock: Clock;
  readonly #lagMs: () => number;
  #sinceMs = -Infinity;
  #blindFromMs: number | undefined;

  /** `lagMs`: how long the oldest record that was received here waits for its table. */
  constructor(reader: TelemetryReads, clock: Clock, lagMs: () => number) {
    this.#clock = clock;
    this.#lagMs = lagMs;
    this.reader = {
      query: async <Row>(...question: Parameters<TelemetryReads['query']>) => {
        try {
          const rows = await reader.query<Row>(...question);
          this.#answered();
          return rows;
        } catch (error) {
          if (error instanceof StoreError && error.kind === 'unavailable') this.#blindFromMs ??= this.#clock.now();
          throw error;
        }
      },
      stream: (...question) => reader.stream(...question),
      metrics: reader.metrics,
      ...(reader.issues && { issues: reader.issues }),
      ...(reader.feedback && { feedback: reader.feedback }),
      ...(reader.templates && { templates: reader.templates }),
    };
  }

  /** Milliseconds since the epoch; of what lies before it, silence says nothing. */
  get sinceMs(): number {
    if (this.#lagMs() > longestLagMs) this.#sinceMs = this.#clock.now();
    return this.#sinceMs;
  }

  #answered(): void {
    const from = this.#blindFromMs;
    this.#blindFromMs = undefined;
    if (from !== undefined && this.#clock.now() - from > longestBlindMs) this.#sinceMs = this.#clock.now();
  }
}

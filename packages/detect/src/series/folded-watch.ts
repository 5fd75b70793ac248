import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import { type FoldedMetric, foldedSince, readFolded, type TelemetryReads } from '@sightline/query';
import type { Finding, FindingSink } from '@sightline/record';

export interface FoldedWatchParts {
  readonly reads: TelemetryReads;
  readonly findings: FindingSink;
  readonly clock: Clock;
  readonly logger: Logger;
}

const lookEveryMs = 60_000;
/** Samples that were folded so lately are folded now. */
const lately = { minutes: 10, ms: 10 * 60_000 };
/** Told every minute while it lasts. */
const findingLastsMs = 15 * 60_000;
const hourMs = 3_600_000;
const namedAtMost = 5;

/**
 * Tells an organisation that metrics of it have met the limit of series: of which metrics, and since when. Several servers may tell the
 * same: it is one finding, over when nothing is folded any more.
 */
export class FoldedWatch {
  readonly #parts: FoldedWatchParts;
  readonly #loop: BackgroundLoop;

  constructor(parts: FoldedWatchParts) {
    this.#parts = parts;
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: lookEveryMs,
      fault: 'it could not be looked at which metrics met the limit of series; tried again',
      round: () => this.look(),
    });
  }

  start(): void {
    this.#loop.start();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** Tells of every organisation that folds now. Throws when the store or the control plane does not answer. */
  async look(): Promise<void> {
    const { reads, findings, clock } = this.#parts;
    const nowMs = clock.now();
    const told: Finding[] = [];
    for (const { organisation, samples } of await foldedSince(reads, nowMs - lately.ms)) {
      const folded = await readFolded(reads, { organisation, nowMs });
      told.push(foldedFinding(organisation, samples, folded, nowMs));
    }
    if (told.length > 0) await findings.accept(told);
  }
}

/** What is said of an organisation whose metrics met the limit; `samples` were folded lately. */
export function foldedFinding(
  organisation: string,
  samples: number,
  folded: readonly FoldedMetric[],
  nowMs: number,
): Finding {
  const now = folded.filter(({ lastMs }) => lastMs !== null && lastMs >= nowMs - hourMs);
  const sinceMs = Math.min(nowMs, ...now.map((one) => one.sinceMs));
  const names = now.slice(0, namedAtMost).map(({ metric }) => metric);
  const more = now.length > names.length ? ` and ${now.length - names.length} more` : '';
  return {
    organisation,
    source: 'rule',
    sourceId: 'series-limit',
    state: 'firing',
    severity: 'medium',
    title: 'Metrics have met the limit of series',
    summary: `${samples.toLocaleString('en-US')} samples in ${lately.minutes} min were added up in {overflow="true"}${names.length === 0 ? '' : `, of ${names.join(', ')}${more}`}: series that were new had no room.`,
    labels: { check: 'series-limit' },
    annotations: {},
    value: samples,
    threshold: 0,
    unit: '',
    link: '/metrics?mode=cardinality',
    sinceMs,
    atMs: nowMs,
    expiresAtMs: nowMs + findingLastsMs,
    policy: '',
    runbook: '',
  };
}

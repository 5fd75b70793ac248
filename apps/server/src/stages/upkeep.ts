import type { FindingSink } from '@sightline/record';
import type { BlobStore } from '@sightline/store/port';
import type { MetricHead, Metrics } from '@sightline/metrics';
import type { Later, StageBase } from '../stage.ts';
import { type Archive, openArchive } from './archive.ts';
import { openBackfills } from './backfills.ts';
import { openMetricUpkeep } from './metrics.ts';
import { openHotStep } from './retention.ts';

/** What keeps the tables: archive, retention, scrubbing of what is stored, roll-ups of metrics. */
export interface Upkeep {
  /** The archive at work; undefined where this process archives nothing. */
  readonly archive: Archive | undefined;
  /** Begins what does not run yet. */
  start(): void;
  /** Our own figures in Prometheus' text format. */
  metrics(): string;
}

export interface UpkeepParts {
  readonly ingest: { readonly head: MetricHead; waitingSinceMs(): number | undefined } | undefined;
  readonly metrics: Metrics | undefined;
  /** Files that records name, which a scrubbing reaches too. */
  readonly blobs: BlobStore | undefined;
  readonly findings: Later<FindingSink>;
}

/** Opens the upkeep of the roles that this process has: `detect` all but the roll-ups, which are with the head. */
export async function openUpkeep(base: StageBase, parts: UpkeepParts): Promise<Upkeep> {
  const { ingest, metrics, blobs, findings } = parts;
  const { config } = base;
  const detects = config.roles.has('detect');
  const archive = detects && config.archive !== '' ? await openArchive(base, ingest) : undefined;
  const hot = detects
    ? openHotStep(
        base,
        ingest,
        archive && {
          sealedUntil: (organisation) => archive.step.sealedUntil(organisation),
          findings: () => findings.current,
        },
      )
    : undefined;
  const backfills = detects ? openBackfills(base, ingest, archive, blobs) : undefined;
  const rollUps = ingest ? await openMetricUpkeep(base, ingest.head, metrics) : undefined;
  return {
    archive,
    start: () => {
      archive?.step.start();
      archive?.dayProof.start();
      hot?.start();
      backfills?.start();
    },
    metrics: () =>
      [
        rollUps?.metrics() ?? '',
        archive?.step.metrics() ?? '',
        archive?.dayProof.metrics() ?? '',
        hot?.metrics() ?? '',
      ].join(''),
  };
}

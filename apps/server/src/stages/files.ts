import path from 'node:path';
import { BackgroundLoop } from '@sightline/base';
import type { DecodePorts } from '@sightline/ingest';
import { openSourceMaps, type SourceMaps } from '@sightline/ingest/source-maps';
import { type BlobArea, type BlobStore, openDiskBlobs } from '@sightline/store';
import type { StageParts } from '../stage.ts';

const dayMs = 86_400_000;
const sweepEveryMs = 3_600_000;
/** As long as the rows that name them, and a day more, so that no row names what is gone. */
const keptDays: Readonly<Record<BlobArea, number>> = {
  attachments: 31,
  replays: 31,
  profiles: 31,
  // Since the last event that needed them.
  artifacts: 92,
  chunks: 1,
};
const artifactsKeptDays = 90;
const blobLimitBytes = 128 * 1_048_576;

/** Files of clients and build machines, and what reads stacks with them. */
export interface FileStores {
  readonly blobs: BlobStore;
  readonly sourceMaps: SourceMaps;
  /** What the loader's decoders may ask. */
  readonly ports: DecodePorts;
}

/** Opens the blob store and the source maps, and forgets now and then what is kept no longer. */
export async function openFiles({
  config,
  stores,
  clock,
  logger,
  closers,
}: Pick<StageParts, 'config' | 'stores' | 'clock' | 'logger' | 'closers'>): Promise<FileStores> {
  const log = logger.with({ part: 'files' });
  const blobs = await openDiskBlobs({ folder: path.join(config.dataFolder, 'blobs'), clock, logger: log });
  const { artifacts } = stores.control;
  const sourceMaps = openSourceMaps({
    files: {
      ofDebugIds: (...asked) => orLater(() => artifacts.ofDebugIds(...asked)),
      ofUrls: (...asked) => orLater(() => artifacts.ofUrls(...asked)),
      named: (...asked) => orLater(() => artifacts.named(...asked)),
      hasRelease: (...asked) => orLater(() => artifacts.hasRelease(...asked)),
      used: (...asked) => artifacts.used(...asked),
    },
    contents: {
      read: (organisation, hash) => blobs.read({ organisation, area: 'artifacts', hash }),
      touch: (organisation, hash) => blobs.touch({ organisation, area: 'artifacts', hash }),
    },
    clock,
    logger: log,
  });
  closers.add('source maps', () => sourceMaps.close());
  const sweeping = new BackgroundLoop({
    clock,
    logger: log,
    everyMs: sweepEveryMs,
    round: async () => {
      await artifacts.forget(clock.now() - artifactsKeptDays * dayMs);
      for (const [area, days] of Object.entries(keptDays))
        await blobs.sweep(area as BlobArea, clock.now() - days * dayMs);
    },
    fault: 'what is kept no longer could not be removed and will be later',
  });
  sweeping.start();
  closers.add('files', () => sweeping.close());
  return {
    blobs,
    sourceMaps,
    ports: {
      sourceMaps,
      keepBlob: async (organisation, area, bytes) => {
        const kept = await blobs.put(bytes, { organisation, area, limitBytes: blobLimitBytes });
        return kept.ok ? kept.value.hash : undefined;
      },
    },
  };
}

/** What a decoder may wait for: where the control plane does not answer, the segment is tried again later. */
async function orLater<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw Object.assign(new Error('what was uploaded cannot be looked up now', { cause: error }), {
      kind: 'unavailable',
    });
  }
}

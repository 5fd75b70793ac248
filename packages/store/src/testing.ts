/** What the engine tests share: a store on a fresh folder that is closed and removed afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { openEmbeddedStore, type EmbeddedStore, type EmbeddedStoreOptions } from './embedded-store.ts';

/** A folder of its own under the system's temporary folder. */
export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sightline-store-'));
}

/** Opens a store on `dataFolder`, quietly. */
export function openStore(dataFolder: string, options: Partial<EmbeddedStoreOptions> = {}): Promise<EmbeddedStore> {
  return openEmbeddedStore({ dataFolder, logger: silentLogger, clock: systemClock, ...options });
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

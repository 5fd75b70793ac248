/** What the engine tests share: a store on a fresh folder that is closed and removed afterwards. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { openEmbeddedStore, type EmbeddedStore, type EmbeddedStoreOptions } from './embedded-store.ts';
import { migrate, readMigrations } from './schema/migrate.ts';

/** A folder of its own under the system's temporary folder. */
export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sightline-store-'));
}

/** Opens a store on `dataFolder`, quietly. */
export function openStore(dataFolder: string, options: Partial<EmbeddedStoreOptions> = {}): Promise<EmbeddedStore> {
  return openEmbeddedStore({ dataFolder, logger: silentLogger, clock: systemClock, ...options });
}

/**
 * Opens a store on the empty folder `dataFolder`, with this program's tables. The tables are made once and their folder is
 * copied from then on: sixty tables in eighteen steps take longer than most suites that want them.
 */
export async function openMigratedStore(
  dataFolder: string,
  options: Partial<EmbeddedStoreOptions> = {},
): Promise<EmbeddedStore> {
  await cp(await migratedFolder(), dataFolder, { recursive: true, verbatimSymlinks: true });
  const store = await openStore(dataFolder, options);
  await migrate(store, silentLogger);
  return store;
}

/**
 * A closed store's folder with every migration applied, under the system's temporary folder and named by the migrations, so
 * that all test processes of a run share it.
 */
async function migratedFolder(): Promise<string> {
  const version = createHash('sha256')
    .update(JSON.stringify(readMigrations(join(import.meta.dirname, 'schema'))))
    .digest('hex')
    .slice(0, 16);
  const shared = join(tmpdir(), `sightline-migrated-${version}`);
  if (existsSync(shared)) return shared;
  const made = freshFolder();
  const store = await openStore(made);
  await migrate(store, silentLogger);
  await store.close();
  // Sockets and pipes of its process, which cannot be copied.
  removeFolder(join(made, 'run'));
  try {
    renameSync(made, shared);
  } catch (error) {
    // Another process was quicker.
    removeFolder(made);
    if (!existsSync(shared)) throw error;
  }
  return shared;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Brings the tables of a store to this program's version. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '@sightline/base';
import { StoreError, type TelemetryStore } from '../port/index.ts';
import { carryOf, carryPartitions } from './carry-partitions.ts';

/** One folder `NNNN-name` with its statements, in order. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
  readonly checksum: string;
}

const folderName = /^(\d{4})-([a-z0-9-]+)$/;

/** Splits a file at each `;` that ends a line; comment lines and empty statements are left out. */
export function splitStatements(text: string): string[] {
  const code = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('--'))
    .join('\n');
  return code
    .split(/;[ \t]*(?:\r?\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** Reads the migrations of a folder. Throws when numbers are missing, doubled, or a name is not of the form `NNNN-name`. */
export function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const all = names.map(({ name }) => {
    const parts = folderName.exec(name);
    if (!parts) throw new Error(`A migration folder is named NNNN-name, not "${name}"`);
    const files = readdirSync(join(folder, name)).filter((file) => file.endsWith('.sql'));
    const text = files
      .toSorted()
      .map((file) => readFileSync(join(folder, name, file), 'utf8'))
      .join('\n');
    const checksum = createHash('sha256').update(text).digest('hex');
    return { version: Number(parts[1]), name: parts[2] ?? '', statements: splitStatements(text), checksum };
  });
  all.sort((a, b) => a.version - b.version);
  const gap = all.findIndex((migration, i) => migration.version !== i + 1);
  if (gap >= 0) throw new Error(`Migration ${gap + 1} is missing or doubled in ${folder}`);
  return all;
}

const ownFolder = fileURLToPath(new URL('.', import.meta.url));

const recordTable = `CREATE TABLE IF NOT EXISTS schema_migrations (
  version UInt32, step UInt32, name String, checksum String, finished UInt8, at DateTime64(3) DEFAULT now64(3)
) ENGINE = MergeTree ORDER BY (version, step) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`;

interface Progress {
  readonly version: number;
  readonly steps: number;
  readonly finished: number;
  readonly checksum: string;
}

/**
 * Applies what is missing, statement by statement, and notes how far it came, so that a run that was killed goes on where it
 * stopped. Throws when the store's tables are newer than this program, or when an applied migration was changed since.
 */
export async function migrate(
  store: TelemetryStore,
  logger: Logger,
  migrations = readMigrations(ownFolder),
): Promise<void> {
  await store.execute(recordTable);
  const rows = await store.query<Progress>(
    `SELECT version, toUInt32(max(step)) AS steps, max(finished) AS finished, any(checksum) AS checksum
     FROM schema_migrations GROUP BY version ORDER BY version`,
  );
  const applied = new Map(rows.map((row) => [row.version, row]));
  const newest = Math.max(0, ...applied.keys());
  if (newest > migrations.length) {
    throw new StoreError(
      'bug',
      `The telemetry tables are of version ${newest}, this program knows versions up to ${migrations.length}. Start the newer program again, or restore a backup made by this one.`,
    );
  }
  for (const migration of migrations) {
    const before = applied.get(migration.version);
    if (before && before.checksum !== migration.checksum) {
      throw new StoreError(
        'bug',
        `Migration ${migration.version} (${migration.name}) was changed after it had been applied. A migration is never edited: add the next one.`,
      );
    }
    if (before?.finished !== 1) await apply(store, migration, before?.steps ?? 0, logger);
  }
}

/** Tries in all where the store goes away while its tables are brought up to date. */
const migrationTries = 3;

/**
 * As `migrate`, and goes on where the store was gone meanwhile: an engine that had to be replaced, on a machine that stood still,
 * is back in a moment, and what was done by then is noted. Throws what `migrate` throws, and what the last try met.
 */
export async function bringUpToDate(
  store: TelemetryStore,
  logger: Logger,
  migrations = readMigrations(ownFolder),
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await migrate(store, logger, migrations);
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === 'unavailable') || tries === migrationTries) throw error;
      logger.warn('the telemetry store was gone while its tables were brought up to date; going on', { error });
    }
  }
}

async function apply(store: TelemetryStore, migration: Migration, done: number, logger: Logger): Promise<void> {
  logger.info('applying telemetry schema', { version: migration.version, name: migration.name, from: done });
  const count = migration.statements.length;
  let noted = done;
  for (const [i, statement] of migration.statements.entries()) {
    if (i < done) continue;
    // Creating once more does no harm, and a note takes as long as a table: creations in a row are noted together.
    const creation = createsOnly.test(statement);
    if (!creation && noted < i) await note(store, migration, i, false);
    const carry = carryOf(statement);
    if (carry) await carryPartitions(store, logger, carry);
    else if (!(await isDone(store, statement))) await store.execute(repeatable(statement));
    if (creation && i + 1 < count) continue;
    await note(store, migration, i + 1, i + 1 === count);
    noted = i + 1;
  }
  if (migration.statements.length === 0) await note(store, migration, 0, true);
}

async function note(store: TelemetryStore, migration: Migration, step: number, finished: boolean): Promise<void> {
  await store.execute(
    'INSERT INTO schema_migrations (version, step, name, checksum, finished) SELECT {version:UInt32}, {step:UInt32}, {name:String}, {checksum:String}, {finished:UInt8}',
    {
      version: migration.version,
      step,
      name: migration.name,
      checksum: migration.checksum,
      finished: finished ? 1 : 0,
    },
  );
}

/** Whether a statement that has no repeatable form was run before a kill. */
async function isDone(store: TelemetryStore, statement: string): Promise<boolean> {
  const table = /^ALTER TABLE (\w+) REMOVE TTL$/i.exec(statement)?.[1];
  if (table === undefined) return false;
  const [found] = await store.query<{ ttl: number }>(
    `SELECT toUInt8(position(engine_full, ' TTL ') > 0) AS ttl FROM system.tables WHERE database = currentDatabase() AND name = {table:String}`,
    { table },
  );
  return found?.ttl === 0;
}

const createsOnly = /^CREATE /i;
const creates = /^CREATE (TABLE|MATERIALIZED VIEW|VIEW|DICTIONARY|FUNCTION) (?!IF NOT EXISTS\b)/i;
const drops = /^(DROP|DETACH|RENAME) (TABLE|VIEW|DICTIONARY|FUNCTION) (?!IF EXISTS\b)/i;
const attaches = /^ATTACH TABLE (?!IF NOT EXISTS\b)/i;
const alters =
  /\b(ADD (?:COLUMN|INDEX|PROJECTION|CONSTRAINT)) (?!IF NOT EXISTS\b)|\b((?:DROP|CLEAR|RENAME|MODIFY|COMMENT) (?:COLUMN|INDEX|PROJECTION|CONSTRAINT)) (?!IF EXISTS\b)/gi;

/** The statement in a form that does no harm when it was already run before the kill. */
export function repeatable(statement: string): string {
  if (/^ALTER TABLE\b/i.test(statement)) {
    return statement.replaceAll(alters, (_, add?: string, change?: string) =>
      add ? `${add} IF NOT EXISTS ` : `${change} IF EXISTS `,
    );
  }
  return statement
    .replace(creates, 'CREATE $1 IF NOT EXISTS ')
    .replace(drops, '$1 $2 IF EXISTS ')
    .replace(attaches, 'ATTACH TABLE IF NOT EXISTS ');
}

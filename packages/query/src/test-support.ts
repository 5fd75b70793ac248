import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TelemetryExports, type TelemetryStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';

/** A real engine with the product's schema on an empty folder, for tests. */
export interface TestStore {
  readonly store: TelemetryStore & TelemetryExports;
  /** Inserts rows through the table's columns, as JSON. */
  insert(table: string, rows: readonly Record<string, unknown>[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens it; the caller closes. */
export async function openTestStore(): Promise<TestStore> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'sightline-query-'));
  const store = await openMigratedStore(dataFolder);
  return {
    store,
    insert: async (table, rows) => {
      const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      for (let from = 0; from < rows.length; from += 5000) {
        const text = rows
          .slice(from, from + 5000)
          .map((row) => JSON.stringify(row))
          .join('\n');
        const structure = await structureOf(store, table, columns);
        await store.execute(
          `INSERT INTO ${table} (${columns.map(quoted).join(', ')}) SELECT ${columns.map(quoted).join(', ')} FROM format(JSONEachRow, {structure:String}, {rows:String})`,
          { structure, rows: text },
          { settings: { insert_deduplicate: 0, date_time_input_format: 'best_effort' } },
        );
      }
    },
    close: async () => {
      await store.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/** Columns of a nested one have a dot in their names. */
const quoted = (column: string): string => `\`${column}\``;

async function structureOf(store: TelemetryStore, table: string, columns: readonly string[]): Promise<string> {
  const types = await store.query<{ name: string; type: string }>(
    'SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}',
    { table },
  );
  const byName = new Map(types.map((row) => [row.name, row.type]));
  return columns.map((name) => `${quoted(name)} ${byName.get(name) ?? 'String'}`).join(', ');
}

/** Milliseconds as the engine reads and prints a DateTime64: UTC. */
export function engineTime(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}

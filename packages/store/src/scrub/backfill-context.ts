import { createHash } from 'node:crypto';
import type { Clock } from '@sightline/base';
import type { ParameterValue, TelemetryStore } from '../port/index.ts';
import { telemetryDatabase } from '../embedded-store.ts';
import type { HeldRows } from '../steps/held-rows.ts';
import type { BackfillBook, BackfillRun } from './backfill-book.ts';
import type { Files } from './files-unit.ts';
import type { BackfillScrubber } from './backfill-scrubber.ts';

/** What one run is carried out with. */
export interface BackfillContext {
  readonly store: TelemetryStore;
  readonly clock: Clock;
  readonly book: BackfillBook;
  readonly run: BackfillRun;
  readonly scrubber: BackfillScrubber;
  readonly holds: () => Promise<readonly HeldRows[]>;
  /** Runs `work` with the holds while nobody can place one: it begins to write, and does not wait for the end. */
  readonly whileNonePlaced: <T>(work: (holds: readonly HeldRows[]) => Promise<T>) => Promise<T>;
  /** No day of the archive is written meanwhile. */
  readonly exclusive: <T>(organisation: string, work: () => Promise<T>) => Promise<T>;
  /** Where attachments lie; undefined where this process cannot reach them. */
  readonly files: Files | undefined;
  /** As in `EdgeStep`. */
  readonly waitingSinceMs: () => number | undefined;
  /** Number of the next batch. */
  readonly batch: () => number;
  /** Ends when the process does, or the run is to stop: nothing new is begun. */
  readonly signal: AbortSignal;
  /** Ends when the process does: what is being written is written to its end where the run is to stop. */
  readonly ending: AbortSignal;
}

export type Parameters = Readonly<Record<string, ParameterValue>>;

const dayMs = 86_400_000;
export const rangeOf = ({ fromDay, toDay }: BackfillRun): { readonly fromMs: number; readonly toMs: number } => ({
  fromMs: Date.parse(fromDay),
  toMs: Date.parse(toDay) + dayMs,
});

export type StageKind = 'rows' | 'json' | 'names' | 'moved' | 'files';
const stagePrefix = 'scrub_stage_';
/** A table of a run's own. Mutations run without a database of their own, so it bears its name. */
export const stageName = (id: string, kind: StageKind): string =>
  `${telemetryDatabase}.${stagePrefix}${id.replaceAll(/[^A-Za-z0-9_]/g, '_')}_${kind}`;

/** Removes tables of runs that are over. */
export async function dropStages(store: TelemetryStore, open: readonly string[]): Promise<void> {
  const rows = await store.query<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String}) LIMIT 1000`,
    { prefix: stagePrefix },
  );
  const kept = new Set(
    open.flatMap((id) => (['rows', 'json', 'names', 'moved', 'files'] as const).map((kind) => stageName(id, kind))),
  );
  for (const { name } of rows) {
    const table = `${telemetryDatabase}.${name}`;
    if (/^\w+$/.test(name) && !kept.has(table)) await store.execute(`DROP TABLE IF EXISTS ${table} SYNC`);
  }
}

const limits = { timeoutMs: 10 * 60_000, threads: 1, memoryBytes: 2_000_000_000 } as const;

/** Reads of a run: one thread, beside what comes in. */
export const ask = <Row>({ store, signal }: BackfillContext, sql: string, parameters: Parameters): Promise<Row[]> =>
  store.query<Row>(sql, parameters, { ...limits, signal, settings: { prefer_column_name_to_alias: 1 } });

export const tell = ({ store, signal }: BackfillContext, sql: string, parameters: Parameters = {}): Promise<void> =>
  store.execute(sql, parameters, {
    ...limits,
    signal,
    settings: { prefer_column_name_to_alias: 1, insert_deduplicate: 0, max_block_size: 8192 },
  });

/** The same word for the same holds. */
export const wordOf = (holds: readonly HeldRows[]): string =>
  createHash('sha256').update(JSON.stringify(holds)).digest('hex').slice(0, 32);

/** For what belongs to a batch that is being written. */
export const writing = (context: BackfillContext): BackfillContext => ({ ...context, signal: context.ending });

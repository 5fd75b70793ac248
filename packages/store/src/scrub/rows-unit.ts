import { heldCondition } from '../steps/held-rows.ts';
import type { ScrubBatch } from '@sightline/record';
import {
  ask,
  type BackfillContext,
  type Parameters,
  rangeOf,
  stageName,
  tell,
  wordOf,
  writing,
} from './backfill-context.ts';
import { stageJson } from './json-stage.ts';
import { begin, end, isBegun, type Mutation } from './mutations.ts';
import type { ScrubbedTable } from './scrubbed-tables.ts';
import { applyStage, countStage, createStage, fillStage, keyOf, marker } from './stage-sql.ts';

/** Rows that one statement scrubs, and what is collected before the engine rewrites a partition. */
const rowsAtOnce = 200_000;
const stagedRowsAtMost = 150_000;
const stagedBytesAtMost = 128 * 1024 * 1024;
const examplesAtMost = 3;
const dayMs = 86_400_000;

/** Rows of one table and partition. */
export interface RowsUnit {
  readonly kind: 'rows';
  readonly key: string;
  readonly table: ScrubbedTable;
  /** As the engine names it; undefined for a table without days. */
  readonly partition: string | undefined;
}

interface Slice {
  readonly fromS: number;
  readonly toS: number;
  readonly rows: number;
}

/** Works through a unit, batch by batch; answers false when it was ended before. */
export async function scrubRows(context: BackfillContext, unit: RowsUnit): Promise<boolean> {
  const { run, book, signal } = context;
  const stage = stageName(run.id, 'rows');
  const slices = await slicesOf(context, unit);
  const defaults = await defaultsOf(context, unit.table);
  await tell(context, `DROP TABLE IF EXISTS ${stage} SYNC`);
  await tell(context, createStage(unit.table, stage));
  for (let at = 0; at < slices.length;) {
    if (signal.aborted) return false;
    const holds = wordOf(await context.holds());
    let next = at;
    let seen = 0;
    let staged = { rows: 0, bytes: 0 };
    while (next < slices.length && staged.rows < stagedRowsAtMost && staged.bytes < stagedBytesAtMost) {
      const slice = slices[next++];
      if (!slice || signal.aborted) return false;
      await fill(context, unit, stage, slice, defaults);
      seen += slice.rows;
      staged = await sizeOf(context, stage);
    }
    const after = slices[next]?.fromS ?? null;
    const batch = await batchOf(context, unit, stage, { number: context.batch(), next: after, seen, holds });
    if (run.kind === 'run' && batch.changed > 0) {
      const written = await write(context, unit, batch);
      if (written === 'ended') return false;
      if (written === 'other holds') {
        // Once more from the beginning of the batch.
        await tell(context, `TRUNCATE TABLE ${stage}`);
        continue;
      }
      await countScrubbed(context, batch);
    }
    await book.advance(run.id, batch);
    await tell(context, `TRUNCATE TABLE ${stage}`);
    at = next;
  }
  await tell(context, `DROP TABLE IF EXISTS ${stage} SYNC`);
  return true;
}

type Written = 'written' | 'ended' | 'other holds';

function mutationOf({ run }: BackfillContext, { table, partition }: RowsUnit): Mutation {
  const stage = stageName(run.id, 'rows');
  const sql = applyStage(table, stage, partition);
  return { table: table.table, mark: stage, sql, parameters: { organisation: run.organisation } };
}

/** Notes a batch and puts what is staged into the rows, unless the legal holds are others than those that were asked. */
async function write(stoppable: BackfillContext, unit: RowsUnit, batch: ScrubBatch): Promise<Written> {
  const context = writing(stoppable);
  const { store, clock, book, run, signal, exclusive, whileNonePlaced } = context;
  const mutation = mutationOf(context, unit);
  const finished = async (): Promise<Written> => ((await end(store, clock, mutation, signal)) ? 'written' : 'ended');
  if (unit.table.table !== 'logs') {
    await book.pending(run.id, batch);
    await begin(store, mutation);
    return finished();
  }
  return exclusive(run.organisation, async () => {
    const begun = await whileNonePlaced(async (holds) => {
      if (wordOf(holds) !== batch.holds) return false;
      await book.pending(run.id, batch);
      await begin(store, mutation);
      return true;
    });
    return begun ? finished() : 'other holds';
  });
}

/**
 * Goes on with a batch that somebody noted who is gone: again, to the same end. `other holds`: nothing of it was written before they
 * came, and nothing is.
 */
export async function writeAgain(stoppable: BackfillContext, unit: RowsUnit, batch: ScrubBatch): Promise<Written> {
  const context = writing(stoppable);
  const { store, clock, signal, book, run } = context;
  const mutation = mutationOf(context, unit);
  if (await isBegun(store, mutation)) return (await end(store, clock, mutation, signal)) ? 'written' : 'ended';
  const written = await write(context, unit, batch);
  if (written !== 'other holds') return written;
  const [left] = await ask<{ n: number }>(
    context,
    `SELECT toFloat64(count()) AS n FROM ${unit.table.table} WHERE organisation = {organisation:String} AND _partition_id = {partition:String}
     AND ${keyOf(unit.table)} IN (SELECT k FROM ${stageName(run.id, 'rows')} WHERE held = 0)`,
    { organisation: run.organisation, partition: unit.partition ?? '' },
  );
  if ((left?.n ?? 0) === 0) return 'written';
  await book.pending(run.id, null);
  return 'other holds';
}

/** The report knows it as what a backfill removed, at the time of the run. */
export async function countScrubbed({ store, clock, run }: BackfillContext, batch: ScrubBatch): Promise<void> {
  if (batch.counts.length === 0) return;
  await store.execute(
    `INSERT INTO scrubbed (organisation, minute, signal, service, rule, removed, site)
     SELECT {organisation:String}, toStartOfMinute(fromUnixTimestamp64Milli({at:Int64})), concat(one.1, ' (backfill)'), one.2, one.3, toUInt64(one.4), one.5
     FROM (SELECT arrayJoin(arrayZip({signals:Array(String)}, {services:Array(String)}, {rules:Array(String)}, {removed:Array(UInt64)}, {sites:Array(String)})) AS one)`,
    {
      organisation: run.organisation,
      at: clock.now(),
      signals: batch.counts.map(({ signal }) => signal),
      services: batch.counts.map(({ service }) => service),
      rules: batch.counts.map(({ rule }) => rule),
      removed: batch.counts.map(({ removed }) => removed),
      sites: batch.counts.map(({ site }) => site),
    },
    { timeoutMs: 60_000, settings: { insert_deduplicate: 1, insert_deduplication_token: `${run.id}-${batch.number}` } },
  );
}

/** Condition of a unit's rows of this organisation and range. */
function rowsOf({ run }: BackfillContext, { table, partition }: RowsUnit): { sql: string; parameters: Parameters } {
  const { fromMs, toMs } = rangeOf(run);
  const sql = [
    'organisation = {organisation:String}',
    `${table.to} >= fromUnixTimestamp64Milli({from:Int64})`,
    `${table.from} < fromUnixTimestamp64Milli({to:Int64})`,
    ...(partition === undefined ? [] : ['_partition_id = {partition:String}']),
  ].join(' AND ');
  return {
    sql,
    parameters: {
      organisation: run.organisation,
      from: fromMs,
      to: toMs,
      ...(partition === undefined ? {} : { partition }),
    },
  };
}

/** The unit's minutes in pieces of about as many rows; a minute with more is one. */
async function slicesOf(context: BackfillContext, unit: RowsUnit): Promise<Slice[]> {
  const { sql, parameters } = rowsOf(context, unit);
  const of = `toUnixTimestamp(toStartOfMinute(toDateTime(${unit.table.from})))`;
  const minutes = await ask<{ minute: number; n: number }>(
    context,
    unit.table.partition === 'none'
      ? `SELECT toUInt32(0) AS minute, toFloat64(count()) AS n FROM ${unit.table.table} WHERE ${sql} HAVING n > 0`
      : `SELECT toUInt32(${of}) AS minute, toFloat64(count()) AS n FROM ${unit.table.table} WHERE ${sql} GROUP BY minute ORDER BY minute LIMIT 100000`,
    parameters,
  );
  const begin = context.run.unit === unit.key ? (context.run.minute ?? 0) : 0;
  const slices: { fromS: number; toS: number; rows: number }[] = [];
  for (const { minute, n } of minutes) {
    if (minute < begin) continue;
    const last = slices.at(-1);
    if (last && last.rows + n <= rowsAtOnce) Object.assign(last, { toS: minute + 60, rows: last.rows + n });
    else slices.push({ fromS: minute, toS: minute + 60, rows: n });
  }
  return slices;
}

async function fill(
  context: BackfillContext,
  unit: RowsUnit,
  stage: string,
  { fromS, toS }: Slice,
  defaults: ReadonlyMap<string, string>,
): Promise<void> {
  const { scrubber } = context;
  const { table } = unit;
  const rows = rowsOf(context, unit);
  const whole = table.partition === 'none';
  const where = whole
    ? rows.sql
    : `${rows.sql} AND ${table.from} >= toDateTime64({sliceFrom:UInt32}, 0) AND ${table.from} < toDateTime64({sliceTo:UInt32}, 0)`;
  const { fromMs, toMs } = rangeOf(context.run);
  const held =
    table.table === 'logs' ? heldCondition(await context.holds(), fromMs, toMs + dayMs) : { sql: '0', parameters: {} };
  const parameters = { ...rows.parameters, ...(whole ? {} : { sliceFrom: fromS, sliceTo: toS }) };
  const json = await stageJson(context, table, where, parameters);
  await tell(
    context,
    fillStage({
      table,
      stage,
      functions: scrubber.functions,
      where,
      held: held.sql,
      defaults,
      ...(json ? { json } : {}),
    }),
    { ...held.parameters, ...scrubber.parameters, ...parameters },
  );
}

async function sizeOf({ store }: BackfillContext, stage: string): Promise<{ rows: number; bytes: number }> {
  const [row] = await store.query<{ rows: string; bytes: string }>(
    `SELECT toString(total_rows) AS rows, toString(total_bytes) AS bytes FROM system.tables WHERE concat(database, '.', name) = {stage:String}`,
    { stage },
  );
  return { rows: Number(row?.rows ?? 0), bytes: Number(row?.bytes ?? 0) };
}

async function batchOf(
  context: BackfillContext,
  unit: RowsUnit,
  stage: string,
  place: Pick<ScrubBatch, 'number' | 'next' | 'seen' | 'holds'>,
): Promise<ScrubBatch> {
  const { signal } = unit.table;
  const [sums] = await ask<{ changed: number; held: number }>(
    context,
    `SELECT toFloat64(sumIf(copies, held = 0)) AS changed, toFloat64(sumIf(copies, held = 1)) AS held FROM ${stage}`,
    {},
  );
  const counts = await ask<{ rule: string; service: string; site: string; removed: string }>(
    context,
    countStage(stage, 0),
    {},
  );
  const days =
    unit.table.table === 'logs'
      ? await ask<{ day: string; n: number }>(
          context,
          `SELECT toString(received) AS day, toFloat64(sum(copies)) AS n FROM ${stage} WHERE held = 0 GROUP BY received ORDER BY received LIMIT 1000`,
          {},
        )
      : [];
  const examples =
    context.run.kind === 'preview'
      ? await ask<{ rule: string; texts: string[] }>(
          context,
          `SELECT replaceRegexpOne(extract(text, '${marker}'), '^(?:rule|removed):', '') AS rule, groupUniqArray(${examplesAtMost})(text) AS texts
           FROM (SELECT arrayJoin(shown) AS text FROM ${stage}) WHERE text != '' GROUP BY rule ORDER BY rule LIMIT 100`,
          {},
        )
      : [];
  return {
    ...place,
    unit: unit.key,
    changed: sums?.changed ?? 0,
    held: sums?.held ?? 0,
    counts: counts.map(({ removed, ...count }) => ({ ...count, signal, removed: Number(removed) })),
    days: Object.fromEntries(days.map(({ day, n }) => [day, n])),
    examples: examples.flatMap(({ rule, texts }) => texts.map((text) => ({ signal, rule, text: text.slice(0, 300) }))),
  };
}

/** How the table tells its columns that are made anew. */
async function defaultsOf(context: BackfillContext, { table, madeAnew }: ScrubbedTable): Promise<Map<string, string>> {
  if (madeAnew === undefined) return new Map();
  const rows = await ask<{ name: string; text: string }>(
    context,
    `SELECT name, default_expression AS text FROM system.columns WHERE database = currentDatabase() AND table = {table:String} AND default_kind = 'DEFAULT'`,
    { table },
  );
  return new Map(rows.map(({ name, text }) => [name, text]));
}

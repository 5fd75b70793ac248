import type { ScrubBatch } from '@sightline/record';
import { ask, type BackfillContext, type Parameters, rangeOf, stageName, tell, writing } from './backfill-context.ts';
import { begin, end } from './mutations.ts';
import type { RenamedTable, ScrubbedColumn } from './scrubbed-tables.ts';

/** Rows of one table and partition that go by a text. */
export interface RenamedUnit {
  readonly kind: 'renamed';
  readonly key: string;
  readonly table: RenamedTable;
  readonly partition: string;
}

const keyOf = ({ column }: ScrubbedColumn): string => `concat('${column}\\0', toString(${column}))`;
const inRange =
  'organisation = {organisation:String} AND minute >= toDateTime({from:UInt32}) AND minute < toDateTime({to:UInt32})';

function parametersOf({ run }: BackfillContext): Parameters {
  const { fromMs, toMs } = rangeOf(run);
  return { organisation: run.organisation, from: Math.floor(fromMs / 1000), to: Math.floor(toMs / 1000) };
}
const isRenamed = ({ texts }: RenamedTable, names: string): string =>
  `(${texts.map((text) => `${keyOf(text)} IN (SELECT k FROM ${names})`).join(' OR ')})`;

/**
 * Sums whose name holds personal data: their rows are copied under the scrubbed name, the old ones are deleted, and the copies are put in
 * their place as whole parts, so that no view counts them again. Answers false when it was ended before.
 */
export async function renameRows(context: BackfillContext, unit: RenamedUnit): Promise<boolean> {
  const { run, book, scrubber } = context;
  const { table, texts } = unit.table;
  const names = stageName(run.id, 'names');
  const moved = stageName(run.id, 'moved');
  const parameters = { ...parametersOf(context), partition: unit.partition };
  const where = `${inRange} AND _partition_id = {partition:String}`;
  for (const stage of [names, moved]) await tell(context, `DROP TABLE IF EXISTS ${stage} SYNC`);
  await tell(context, `CREATE TABLE ${names} (k String, name String) ENGINE = Join(ANY, LEFT, k)`);
  for (const { column, field } of texts)
    await tell(
      context,
      `INSERT INTO ${names} WITH ${scrubber.functions} SELECT concat('${column}\\0', name), scrubbed FROM
         (SELECT name, own_texts(['${field}'], [name])[1] AS scrubbed FROM (SELECT DISTINCT toString(${column}) AS name FROM ${table} WHERE ${where})) WHERE scrubbed != name`,
      { ...parameters, ...scrubber.parameters },
    );
  const [row] = await ask<{ seen: number; changed: number }>(
    context,
    `SELECT toFloat64(count()) AS seen, toFloat64(countIf(${isRenamed(unit.table, names)})) AS changed FROM ${table} WHERE ${where}`,
    parameters,
  );
  const batch: ScrubBatch = {
    number: context.batch(),
    unit: unit.key,
    next: null,
    seen: row?.seen ?? 0,
    changed: row?.changed ?? 0,
    held: 0,
    holds: '',
    counts: [],
    days: {},
    examples: [],
  };
  if (run.kind === 'run' && batch.changed > 0) {
    const anew = texts.map(
      (text) =>
        `if(${keyOf(text)} IN (SELECT k FROM ${names}), joinGet('${names}', 'name', ${keyOf(text)}), toString(${text.column})) AS ${text.column}`,
    );
    await tell(context, `CREATE TABLE ${moved} AS ${table}`);
    await tell(
      context,
      `INSERT INTO ${moved} SELECT * REPLACE (${anew.join(', ')}) FROM (SELECT * FROM ${table} WHERE ${where} AND ${isRenamed(unit.table, names)})`,
      parameters,
    );
    await expectWhole(context, unit.table, moved, parameters, `${where} AND ${isRenamed(unit.table, names)}`);
    await noteLastBlock(context, names, table, unit.partition);
    await book.pending(run.id, batch);
    if (!(await writeRenamed(context, unit))) return false;
  }
  await book.advance(run.id, batch);
  for (const stage of [names, moved]) await tell(context, `DROP TABLE IF EXISTS ${stage} SYNC`);
  return true;
}

/** Again after a kill: what is deleted is not there any more, and parts that were put in place are not in the copy any more. */
export async function writeRenamed(stoppable: BackfillContext, { table, partition }: RenamedUnit): Promise<boolean> {
  const context = writing(stoppable);
  const { store, clock, run, signal } = context;
  const names = stageName(run.id, 'names');
  const moved = stageName(run.id, 'moved');
  const { organisation = '', from = 0, to = 0 } = parametersOf(context);
  const mutation = {
    table: table.table,
    mark: names,
    sql: `ALTER TABLE ${table.table} DELETE IN PARTITION ID '${partition}' WHERE ${inRange} AND ${isRenamed(table, names)}`,
    parameters: { organisation, from, to },
  };
  await begin(store, mutation);
  if (!(await end(store, clock, mutation, signal))) return false;
  await dropMoved(context, names, table.table, moved);
  const [copy] = await ask<{ n: number }>(context, `SELECT toFloat64(count()) AS n FROM ${moved}`, {});
  if ((copy?.n ?? 0) > 0)
    await tell(context, `ALTER TABLE ${moved} MOVE PARTITION ID '${partition}' TO TABLE ${table.table}`);
  return true;
}

/** No column's name begins so: this line of the stage of names holds the highest block of the partition before anything was moved. */
const lastBlock = "'\\0'";

const noteLastBlock = (context: BackfillContext, names: string, table: string, partition: string): Promise<void> =>
  tell(
    context,
    `INSERT INTO ${names} SELECT ${lastBlock}, toString(max(max_block_number)) FROM system.parts
     WHERE database = currentDatabase() AND table = {table:String} AND partition_id = {partition:String}`,
    { table, partition },
  );

/**
 * The engine puts a part in its new place before it takes it from the old one: a kill between the two leaves it in both. Such a part is
 * taken from the copy: the table has one of the same files (of the engine's list, which keeps merged ones for eight minutes) and of a later
 * block than any before. Equal sums make equal files, and deletions and merges name parts anew; neither makes a later block.
 */
async function dropMoved(context: BackfillContext, names: string, table: string, moved: string): Promise<void> {
  const both = await ask<{ name: string }>(
    context,
    `SELECT name FROM system.parts WHERE concat(database, '.', table) = {moved:String} AND active AND hash_of_all_files IN
       (SELECT hash_of_all_files FROM system.parts WHERE database = currentDatabase() AND table = {table:String}
          AND min_block_number > toInt64OrZero(joinGet('${names}', 'name', ${lastBlock})))`,
    { moved, table },
  );
  for (const { name } of both) {
    if (!/^\w+$/.test(name)) throw new Error(`no name of a part: ${JSON.stringify(name)}`);
    await tell(context, `ALTER TABLE ${moved} DROP PART '${name}'`);
  }
}

/** Nothing is deleted before all of it stands in the copy. Throws where the two count differently, as where rows come for days long past. */
async function expectWhole(
  context: BackfillContext,
  { table }: RenamedTable,
  moved: string,
  parameters: Parameters,
  where: string,
): Promise<void> {
  const [row] = await ask<{ here: number; there: number }>(
    context,
    `SELECT (SELECT toFloat64(sum(calls)) FROM ${table} WHERE ${where}) AS here, (SELECT toFloat64(sum(calls)) FROM ${moved}) AS there`,
    parameters,
  );
  if (!row || row.here !== row.there) throw new Error(`the copy of ${table} is not whole: ${JSON.stringify(row)}`);
}

import { ask, type BackfillContext, type Parameters, stageName, tell } from './backfill-context.ts';
import { keyOf } from './stage-sql.ts';
import type { ScrubbedTable } from './scrubbed-tables.ts';

/** Text of the payloads that are scrubbed in one statement. */
const textAtOnce = 512 * 1024;

/**
 * Scrubs the JSON of a table's rows field by field into a table of its own, those alone that change: rules for fields need the paths,
 * which the engine's functions over texts do not know. Answers the table's name; undefined where the organisation has no rules.
 */
export async function stageJson(
  context: BackfillContext,
  table: ScrubbedTable,
  where: string,
  parameters: Parameters,
): Promise<string | undefined> {
  const { store, scrubber, signal, run } = context;
  if (table.json === undefined || !scrubber.json) return undefined;
  const stage = stageName(run.id, 'json');
  await tell(context, `CREATE TABLE IF NOT EXISTS ${stage} (k String, payload String) ENGINE = Join(ANY, LEFT, k)`);
  await tell(context, `TRUNCATE TABLE ${stage}`);
  let rows: { k: string; payload: string }[] = [];
  let size = 0;
  const scrub = async (): Promise<void> => {
    const changed = await scrubbedJson(context, rows.splice(0));
    size = 0;
    if (changed.length > 0)
      await tell(
        context,
        `INSERT INTO ${stage} SELECT pair.1, pair.2 FROM (SELECT arrayJoin(arrayZip({keys:Array(String)}, {payloads:Array(String)})) AS pair)`,
        { keys: changed.map(({ k }) => k), payloads: changed.map(({ payload }) => payload) },
      );
  };
  const found = store.stream<{ k: string; payload: string }>(
    `SELECT DISTINCT ${keyOf(table)} AS k, ${table.json} AS payload FROM ${table.table} WHERE ${where}`,
    parameters,
    { timeoutMs: 10 * 60_000, threads: 1, resultRows: 100_000_000, signal },
  );
  for await (const row of found) {
    rows.push(row);
    size += row.payload.length;
    if (size >= textAtOnce) await scrub();
  }
  if (rows.length > 0) await scrub();
  rows = [];
  return stage;
}

/** What of the payloads changes, as it becomes. */
export async function scrubbedJson(
  context: BackfillContext,
  rows: readonly { readonly k: string; readonly payload: string }[],
): Promise<{ k: string; payload: string }[]> {
  const { json, functions, parameters } = context.scrubber;
  if (!json) return [];
  const all = rows.map(({ k, payload }) => ({ k, leaves: json.leavesOf(payload) }));
  const [row] = await ask<{ texts: string[]; pieces: string[] }>(
    context,
    `WITH ${functions} SELECT own_texts({fields:Array(String)}, {texts:Array(String)}) AS texts,
       arrayResize(unglue(scrub_json(glue({pieces:Array(String)}))), length({pieces:Array(String)})) AS pieces`,
    {
      ...parameters,
      fields: all.flatMap(({ leaves }) => leaves.fields),
      texts: all.flatMap(({ leaves }) => leaves.texts),
      pieces: all.flatMap(({ leaves }) => leaves.pieces),
    },
  );
  if (!row) throw new Error('the engine answered no texts');
  let text = 0;
  let piece = 0;
  return all.flatMap(({ k, leaves }) => {
    const texts = row.texts.slice(text, (text += leaves.texts.length));
    const pieces = row.pieces.slice(piece, (piece += leaves.pieces.length));
    const payload = json.jsonOf(leaves, pieces, texts);
    // What is written anew without a find may differ from what is stored in its escapes alone: it stays.
    return payload === json.jsonOf(leaves, leaves.pieces, leaves.texts) ? [] : [{ k, payload }];
  });
}

import { ask, type BackfillContext, rangeOf } from './backfill-context.ts';

/** Names that rows go by, and labels of metrics: they are counted, never rewritten. */
export interface NamesUnit {
  readonly kind: 'names';
  readonly key: string;
}

const namesAtMost = 100_000;
const labelsAtMost = 2_000_000;

/** Counts names that the rules would change. */
export async function countNames(context: BackfillContext, { key: unit }: NamesUnit): Promise<boolean> {
  const { run, book, scrubber } = context;
  const { fromMs, toMs } = rangeOf(run);
  const parameters = { ...scrubber.parameters, organisation: run.organisation, from: fromMs, to: toMs };
  const range = `minute >= toDateTime(intDiv({from:Int64}, 1000)) AND minute < toDateTime(intDiv({to:Int64}, 1000))`;
  const changed = async (field: string, from: string): Promise<number> => {
    const [row] = await ask<{ n: number }>(
      context,
      `WITH ${scrubber.functions} SELECT toFloat64(countIf(own_texts([${field}], [name])[1] != name)) AS n FROM (${from})`,
      parameters,
    );
    return row?.n ?? 0;
  };
  const ofVolume = (column: string): string =>
    `SELECT DISTINCT toString(${column}) AS name FROM volume WHERE organisation = {organisation:String} AND ${range} LIMIT ${namesAtMost}`;
  const stays = [
    { what: 'names of services', n: await changed(`'service.name'`, ofVolume('service')) },
    { what: 'names of sites', n: await changed(`'site'`, ofVolume('site')) },
    {
      what: 'values of labels of metrics',
      n: await changed(
        'label',
        `SELECT DISTINCT pair.1 AS label, pair.2 AS name FROM (SELECT arrayJoin(arrayZip(CAST(mapKeys(labels), 'Array(String)'), mapValues(labels))) AS pair FROM metric_series
         WHERE organisation = {organisation:String} AND last_seen >= {from:Int64} AND first_seen < {to:Int64}) LIMIT ${labelsAtMost}`,
      ),
    },
  ].filter(({ n }) => n > 0);
  await book.advance(run.id, {
    number: context.batch(),
    unit,
    next: null,
    seen: 0,
    changed: 0,
    held: 0,
    holds: '',
    counts: [],
    days: {},
    examples: [],
    stays,
  });
  return true;
}

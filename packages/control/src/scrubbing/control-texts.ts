import type { ScrubBatch, ScrubbedText, ScrubTextsPage, TextToScrub } from '@sightline/record';
import { sql, type SQL } from 'drizzle-orm';
import { storableValue } from '../database/storable-json.ts';
import { holdsPiece, activeHolds, sharePlacing } from '../retention/holds.ts';
import type { ServicesContext, Transaction } from '../services-context.ts';
import { textPlaces, type TextPlace } from './text-places.ts';

const rowsAtOnce = 50;
/** Captured lines are of the hour before an incident opened. */
const hourMs = 3_600_000;
const dayMs = 86_400_000;

interface Row extends Readonly<Record<string, unknown>> {
  readonly key: string;
}

/** One text of a row, and how the row is put together again. */
interface Leaf extends TextToScrub {
  readonly column: string;
  /** In JSON; undefined for a column of text. */
  readonly path: readonly (string | number)[] | undefined;
  /** The parts of the column's text that are not scrubbed, between those that are. */
  readonly part: number;
}

/**
 * Scrubs one page of the texts of the control plane behind `page.after`. What changes is written and counted in one transaction, so that
 * whoever follows a killed process goes on behind it. Answers where it stands; null when there is nothing behind.
 */
export async function scrubControlTexts(
  { db }: Pick<ServicesContext, 'db'>,
  page: ScrubTextsPage,
  advance: (tx: Transaction, batch: ScrubBatch) => Promise<void>,
): Promise<string | null> {
  const [at = '0', ...rest] = page.after.split(':');
  const place = textPlaces[Number(at)];
  if (!place) return null;
  const after = rest.join(':');
  const rows = await pageOf(db, place, page, after);
  const last = rows.at(-1);
  const next = last ? `${at}:${last.key}` : `${Number(at) + 1}`;
  const byRow = rows.map((row) => leavesOf(place, row));
  const leaves = byRow.flat();
  const scrubbed = leaves.length === 0 ? [] : await page.scrub(leaves);
  await db.transaction(async (tx) => {
    const write = page.kind === 'run';
    const kept = place.copies === undefined ? () => false : await heldBy(tx, page.organisation);
    let [changed, held] = [0, 0];
    const finds: ScrubbedText[] = [];
    let read = 0;
    for (const [i, row] of rows.entries()) {
      const own = byRow[i]!.map((leaf) => ({ leaf, anew: scrubbed[read++]! }));
      const isHeld = own.some(({ leaf, anew }) => leaf.column === place.copies && anew.text !== leaf.text) && kept(row);
      const changes = own.filter(({ leaf }) => !(isHeld && leaf.column === place.copies));
      held += isHeld ? 1 : 0;
      const columns = changedColumns(row, changes);
      if (columns.size === 0) continue;
      // One that somebody changed meanwhile is left to the next run, and not counted.
      if (write && !(await update(tx, place, page.organisation, row, columns))) continue;
      changed++;
      finds.push(...changes.map(({ anew }) => anew));
    }
    await advance(tx, {
      number: page.number(),
      unit: page.unit,
      next: 0,
      cursor: next,
      seen: rows.length,
      changed,
      held,
      holds: '',
      counts: countsOf(place.signal, finds),
      days: {},
      examples: write ? [] : examplesOf(place.signal, finds),
    });
  });
  return next;
}

async function pageOf(
  db: ServicesContext['db'],
  place: TextPlace,
  page: ScrubTextsPage,
  after: string,
): Promise<Row[]> {
  const { table, key, keyType, texts, json, from, to, where, people = [] } = place;
  const columns = [
    `${key}::text AS key`,
    ...texts,
    ...json.map(({ column }) => column),
    ...people.map((of, i) => `${of} AS person_${i}`),
    `extract(epoch FROM ${from}) * 1000 AS from_ms`,
    `extract(epoch FROM ${to}) * 1000 AS to_ms`,
    ...(place.copies === undefined ? [] : ['site']),
  ];
  const behind = after === '' ? sql`TRUE` : sql`${sql.raw(key)} > ${after}::${sql.raw(keyType)}`;
  const found = await db.execute<Row>(sql`SELECT ${sql.raw(columns.join(', '))} FROM ${sql.raw(table)}
    WHERE organisation = ${page.organisation} AND ${sql.raw(from)} < ${new Date(Date.parse(page.toDay) + dayMs).toISOString()}::timestamptz
      AND ${sql.raw(to)} >= ${new Date(Date.parse(page.fromDay)).toISOString()}::timestamptz AND ${sql.raw(where ?? 'TRUE')} AND ${behind}
    ORDER BY ${sql.raw(key)} LIMIT ${rowsAtOnce}`);
  return [...found.rows];
}

const textIn = (row: Row, column: string): string => {
  const value = row[column];
  return typeof value === 'string' ? value : '';
};

/** The people that a row names, as `pageOf` read them. */
const namesIn = (row: Row): string[] =>
  Object.keys(row)
    .filter((column) => column.startsWith('person_'))
    .map((column) => textIn(row, column))
    .filter((name) => name !== '');

function leavesOf({ texts, json }: TextPlace, row: Row): Leaf[] {
  const names = namesIn(row);
  const leaves: Leaf[] = texts.flatMap((column) =>
    between(textIn(row, column), names).flatMap((text, part) =>
      text === '' || names.includes(text) ? [] : [{ column, path: undefined, part, field: 'message', text }],
    ),
  );
  for (const { column, of } of json)
    walk(row[column], [], (path, text) => {
      const names = path.filter((step): step is string => typeof step === 'string');
      if (of && !names.some((name) => of.includes(name))) return;
      leaves.push({ column, path, part: 0, field: names.at(-1) ?? column, text });
    });
  return leaves;
}

/** A text cut before and after each of the names, which are pieces of their own. */
function between(text: string, names: readonly string[]): string[] {
  return names.reduce(
    (pieces, name) =>
      pieces.flatMap((piece) =>
        names.includes(piece) ? [piece] : piece.split(name).flatMap((one, i) => (i === 0 ? [one] : [name, one])),
      ),
    [text],
  );
}

function walk(
  value: unknown,
  path: (string | number)[],
  take: (path: (string | number)[], text: string) => void,
): void {
  if (typeof value === 'string') {
    if (value !== '') take(path, value);
  } else if (Array.isArray(value)) for (const [i, one] of value.entries()) walk(one, [...path, i], take);
  else if (typeof value === 'object' && value !== null)
    for (const [name, one] of Object.entries(value)) walk(one, [...path, name], take);
}

/** Columns that change, as they become. */
function changedColumns(
  row: Row,
  all: readonly { readonly leaf: Leaf; readonly anew: ScrubbedText }[],
): Map<string, unknown> {
  const columns = new Map<string, unknown>();
  for (const column of new Set(all.map(({ leaf }) => leaf.column))) {
    const own = all.filter(({ leaf, anew }) => leaf.column === column && anew.text !== leaf.text);
    if (own.length === 0) continue;
    if (own[0]?.leaf.path !== undefined) {
      const value: unknown = structuredClone(row[column]);
      for (const { leaf, anew } of own) setAt(value, leaf.path ?? [], anew.text);
      columns.set(column, value);
    } else columns.set(column, rejoin(row, column, all));
  }
  return columns;
}

function rejoin(
  row: Row,
  column: string,
  all: readonly { readonly leaf: Leaf; readonly anew: ScrubbedText }[],
): string {
  const pieces = between(textIn(row, column), namesIn(row));
  for (const { leaf, anew } of all) if (leaf.column === column) pieces[leaf.part] = anew.text;
  return pieces.join('');
}

function setAt(value: unknown, path: readonly (string | number)[], text: string): void {
  let at = value as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  at[path.at(-1) ?? ''] = text;
}

/** Writes the row unless somebody changed one of its columns meanwhile. */
async function update(
  tx: Transaction,
  { table, key, keyType, json }: TextPlace,
  organisation: string,
  row: Row,
  columns: ReadonlyMap<string, unknown>,
): Promise<boolean> {
  const isJson = (column: string): boolean => json.some((one) => one.column === column);
  const bound = (column: string, value: unknown): SQL =>
    isJson(column)
      ? sql`${JSON.stringify(storableValue(value))}::jsonb`
      : sql`${String(value).toWellFormed().replaceAll('\0', '\uFFFD')}`;
  const sets = [...columns].map(([column, value]) => sql`${sql.raw(column)} = ${bound(column, value)}`);
  const same = [...columns.keys()].map((column) =>
    isJson(column)
      ? sql`${sql.raw(column)} = ${JSON.stringify(row[column])}::jsonb`
      : sql`${sql.raw(column)} = ${textIn(row, column)}`,
  );
  const done = await tx.execute(sql`UPDATE ${sql.raw(table)} SET ${sql.join(sets, sql`, `)}
    WHERE organisation = ${organisation} AND ${sql.raw(key)} = ${row.key}::${sql.raw(keyType)} AND ${sql.join(same, sql` AND `)}`);
  return (done.rowCount ?? 0) > 0;
}

/** Whether a legal hold may mean the logs that a row holds copies of; none is placed before the transaction ends. */
async function heldBy(tx: Transaction, organisation: string): Promise<(row: Row) => boolean> {
  await sharePlacing(tx);
  const holds = await activeHolds(tx, organisation);
  return (row) => {
    const [fromMs, toMs] = [Number(row['from_ms']) - hourMs, Number(row['to_ms'])];
    const site = textIn(row, 'site');
    const piece = { class: '', site: site === '' ? null : site, day: '', firstMs: fromMs, lastMs: toMs };
    return holds.some((hold) => holdsPiece({ ...hold, class: '' }, piece));
  };
}

function countsOf(signal: string, finds: readonly ScrubbedText[]): ScrubBatch['counts'] {
  const sums = new Map<string, number>();
  for (const { removed } of finds)
    for (const [rule, n] of Object.entries(removed)) sums.set(rule, (sums.get(rule) ?? 0) + n);
  return [...sums]
    .filter(([, n]) => n > 0)
    .map(([rule, removed]) => ({ signal, rule, service: '', site: '', removed }));
}

const examplesOf = (signal: string, finds: readonly ScrubbedText[]): ScrubBatch['examples'] =>
  finds.flatMap(({ shown }) => shown.map(({ rule, text }) => ({ signal, rule, text }))).slice(0, 20);

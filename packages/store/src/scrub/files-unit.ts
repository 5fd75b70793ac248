import { isUtf8 } from 'node:buffer';
import type { BlobStore } from '../port/blobs.ts';
import type { ScrubBatch } from '@sightline/record';
import { ask, type BackfillContext, type Parameters, rangeOf, stageName, tell, writing } from './backfill-context.ts';
import { scrubbedJson } from './json-stage.ts';
import { begin, end, type Mutation } from './mutations.ts';
import { countScrubbed } from './rows-unit.ts';
import { compared, scrubPlainTexts, scrubTexts } from './plain-texts.ts';

/** Attachments of errors and feedback that were received on one day: their bytes lie in the blob store. */
export interface FilesUnit {
  readonly kind: 'files';
  readonly key: string;
  readonly partition: string;
}

/** Where attachments lie. */
export type Files = Pick<BlobStore, 'read' | 'put' | 'remove'>;

const filesAtOnce = 200;
const filesListed = 1000;
/** A text beyond this stays as it is, and is counted. */
const largestBytes = 16 * 1024 * 1024;
const batchBytes = 64 * 1024 * 1024;
/** Lines that are scrubbed as one text. */
const pieceChars = 64 * 1024;
const lookEveryMs = 500;
const area = 'attachments';

interface Listed {
  readonly blob: string;
  readonly rows: number;
  readonly size: number;
}

/** Works through the attachments of a day, batch by batch; answers false when it was ended before. */
export async function scrubFiles(context: BackfillContext, unit: FilesUnit): Promise<boolean> {
  const { run, book, signal } = context;
  const stage = stageName(run.id, 'files');
  await tell(context, `DROP TABLE IF EXISTS ${stage} SYNC`);
  await tell(context, `CREATE TABLE ${stage} (k String, blob String, size UInt64) ENGINE = Join(ANY, LEFT, k)`);
  for (let after = run.unit === unit.key ? run.cursor : ''; ;) {
    const listed = await listFiles(context, unit, after);
    const batch = await stageFiles(context, unit, stage, listed);
    if (!batch || signal.aborted) return false;
    if (run.kind === 'run' && batch.changed > 0) {
      await book.pending(run.id, batch);
      if (!(await writeFiles(context, unit))) return false;
      await countScrubbed(context, batch);
    }
    await book.advance(run.id, batch);
    await tell(context, `TRUNCATE TABLE ${stage}`);
    if (batch.next === null) break;
    after = batch.cursor ?? '';
  }
  await tell(context, `DROP TABLE IF EXISTS ${stage} SYNC`);
  return true;
}

const rowsOf = `organisation = {organisation:String} AND _partition_id = {partition:String}
  AND ts >= fromUnixTimestamp64Milli({from:Int64}) AND ts < fromUnixTimestamp64Milli({to:Int64})`;

function parametersOf({ run }: BackfillContext, { partition }: FilesUnit): Parameters {
  const { fromMs, toMs } = rangeOf(run);
  return { organisation: run.organisation, partition, from: fromMs, to: toMs };
}

/** Contents behind `after`, each once. */
const listFiles = (context: BackfillContext, unit: FilesUnit, after: string): Promise<Listed[]> =>
  ask<Listed>(
    context,
    `SELECT blob, toFloat64(count()) AS rows, toFloat64(max(size_bytes)) AS size FROM attachments WHERE ${rowsOf} AND blob > {after:String}
     GROUP BY blob ORDER BY blob LIMIT ${filesListed}`,
    { ...parametersOf(context, unit), after },
  );

/** Scrubs what is text of the next ones into the blob store, and notes in the stage what takes the place of what. Undefined when it was ended. */
async function stageFiles(
  context: BackfillContext,
  unit: FilesUnit,
  stage: string,
  listed: readonly Listed[],
): Promise<ScrubBatch | undefined> {
  const { run, files, signal } = context;
  const anew: { k: string; blob: string; size: number }[] = [];
  const removed = new Map<string, number>();
  const examples: { signal: string; rule: string; text: string }[] = [];
  let [seen, changed, binary, large, missing, bytes] = [0, 0, 0, 0, 0, 0];
  let cursor = '';
  for (const { blob, rows, size } of listed) {
    if (signal.aborted) return undefined;
    if (anew.length >= filesAtOnce || bytes >= batchBytes) break;
    cursor = blob;
    seen += rows;
    if (size > largestBytes) {
      large += rows;
      continue;
    }
    const content = await files?.read({ organisation: run.organisation, area, hash: blob });
    if (!content) {
      missing += rows;
      continue;
    }
    if (!isText(content)) {
      binary += rows;
      continue;
    }
    bytes += content.length;
    const found = await scrubContent(context, content.toString('utf8'));
    if (!found) continue;
    changed += rows;
    for (const [rule, n] of Object.entries(found.removed)) removed.set(rule, (removed.get(rule) ?? 0) + n * rows);
    for (const one of found.shown) if (examples.length < 20) examples.push({ signal: 'attachments', ...one });
    if (run.kind === 'preview') continue;
    const written = Buffer.from(found.text);
    const limitBytes = 2 * largestBytes;
    const kept = await files?.put(written, { organisation: run.organisation, area, limitBytes });
    if (!kept?.ok) throw new Error(`a scrubbed attachment could not be kept: ${kept?.error.message ?? 'no files'}`);
    anew.push({ k: blob, blob: kept.value.hash, size: kept.value.sizeBytes });
  }
  if (anew.length > 0)
    await tell(
      context,
      `INSERT INTO ${stage} SELECT one.1, one.2, one.3 FROM (SELECT arrayJoin(arrayZip({old:Array(String)}, {anew:Array(String)}, {size:Array(UInt64)})) AS one)`,
      { old: anew.map(({ k }) => k), anew: anew.map(({ blob }) => blob), size: anew.map(({ size }) => size) },
    );
  const isLast = cursor === (listed.at(-1)?.blob ?? '') && listed.length < filesListed;
  const named = isLast ? await changedNames(context, unit) : 0;
  return {
    number: context.batch(),
    unit: unit.key,
    next: isLast ? null : 0,
    cursor,
    seen,
    changed,
    held: 0,
    holds: '',
    counts: [...removed]
      .filter(([, n]) => n > 0)
      .map(([rule, n]) => ({ signal: 'attachments', rule, service: '', site: '', removed: n })),
    days: {},
    examples: run.kind === 'preview' ? examples : [],
    stays: [
      { what: 'attachments that are no text (dumps, pictures)', n: binary },
      { what: 'attachments of more than 16 MiB', n: large },
      { what: 'attachments whose files are not here', n: missing },
      { what: 'names of attachments', n: named },
    ].filter(({ n }) => n > 0),
  };
}

/** Whether the bytes are UTF-8 without control characters that no text has. */
function isText(content: Buffer): boolean {
  if (!isUtf8(content)) return false;
  // Tab, line feed, form feed, carriage return and escape are in texts.
  return !/[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/.test(content.toString('latin1'));
}

/** A text file as it becomes; undefined where nothing changes. JSON is scrubbed leaf by leaf and stays JSON. */
async function scrubContent(context: BackfillContext, text: string) {
  if (/^\s*[[{]/.test(text) && isJson(text)) {
    const anew = await jsonAnew(context, text);
    return anew === undefined || anew === text ? undefined : compared(text, anew);
  }
  const pieces = piecesOf(text).map((piece) => ({ field: 'attachment', text: piece }));
  const scrubbed = await scrubPlainTexts(context, pieces);
  const anew = scrubbed.map((piece) => piece.text).join('');
  return anew === text ? undefined : compared(text, anew);
}

async function jsonAnew(context: BackfillContext, text: string): Promise<string | undefined> {
  if (context.scrubber.json) return (await scrubbedJson(context, [{ k: '', payload: text }]))[0]?.payload;
  const [row] = await ask<{ text: string }>(context, `SELECT scrub_json_parts([{text:String}]) AS text`, { text });
  return row?.text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Cuts a text at ends of lines. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    const line = at + pieceChars >= text.length ? -1 : text.indexOf('\n', at + pieceChars);
    const end = line < 0 ? text.length : line + 1;
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

/** Rows are sorted by the name, so that it stays. */
async function changedNames(context: BackfillContext, unit: FilesUnit): Promise<number> {
  const rows = await ask<{ name: string }>(
    context,
    `SELECT DISTINCT name FROM attachments WHERE ${rowsOf} LIMIT 10000`,
    parametersOf(context, unit),
  );
  const names = rows.map(({ name }) => ({ field: 'name', text: name }));
  if (names.length === 0) return 0;
  const anew = await scrubTexts(context, names);
  return names.filter(({ text }, i) => anew[i] !== text).length;
}

/**
 * Puts what is staged into the rows and removes the contents that no row names any more. Again after a kill: to the same end. Answers
 * false when the process ended before.
 */
export async function writeFiles(stoppable: BackfillContext, unit: FilesUnit): Promise<boolean> {
  const context = writing(stoppable);
  const { store, clock, run, signal } = context;
  const stage = stageName(run.id, 'files');
  const mutation: Mutation = {
    table: 'attachments',
    mark: stage,
    sql: `ALTER TABLE attachments UPDATE size_bytes = joinGet('${stage}', 'size', blob), blob = joinGet('${stage}', 'blob', blob)
      IN PARTITION ID '${unit.partition}' WHERE organisation = {organisation:String} AND blob IN (SELECT k FROM ${stage})`,
    parameters: { organisation: run.organisation },
  };
  await begin(store, mutation);
  if (!(await end(store, clock, mutation, signal))) return false;
  return removeUnused(context, stage);
}

/** An attachment of the same content that comes meanwhile makes its blob new again: only older ones are removed. */
async function removeUnused(context: BackfillContext, stage: string): Promise<boolean> {
  const { files, run, clock, signal, waitingSinceMs } = context;
  const sinceMs = clock.now();
  // What was kept before now stands in the table once nothing that was received before now waits.
  while ((waitingSinceMs() ?? Infinity) <= sinceMs) {
    if (signal.aborted) return false;
    await clock.sleep(lookEveryMs, signal);
  }
  const rows = await ask<{ blob: string }>(
    context,
    `SELECT k AS blob FROM ${stage} WHERE k NOT IN (SELECT blob FROM attachments WHERE organisation = {organisation:String})`,
    { organisation: run.organisation },
  );
  for (const { blob } of rows) await files?.remove({ organisation: run.organisation, area, hash: blob }, sinceMs);
  return true;
}

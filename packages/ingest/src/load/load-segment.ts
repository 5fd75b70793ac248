import { rm, writeFile } from 'node:fs/promises';
import type { Logger } from '@sightline/base';
import { lostBeforeUs, type LedgerEntry } from '@sightline/record';
import type { GroupingBook } from '../errors/grouping/grouping-book.ts';
import type { Ledger } from '../ledger.ts';
import type { DecodedRows, DecodePorts, Lane, MetricLane, Refusal } from '../protocol.ts';
import type { Segment } from '../spool/spool.ts';
import { decodeFrames, type Refused } from './decode-segment.ts';
import type { MetricTarget } from './metric-target.ts';
import {
  type BoundValue,
  failureOf,
  type LoadFailure,
  type LoadTarget,
  type StatementSettings,
} from './load-target.ts';
import { pathLiteral } from './path-literal.ts';
import { byScrubber, type ScrubbedFrames } from './pii/by-scrubber.ts';
import { ownStatement } from './pii/own-scrub.ts';
import type { ScrubBook } from './pii/scrub-book.ts';
import { PipedSegment } from './pipelines/piped-segment.ts';
import type { PipelineBook } from './pipelines/pipeline-book.ts';
import { quarantine } from './quarantine.ts';
import { type ClassBook, type LoadedClass, withClass } from './retention-classes.ts';
import { type SegmentReader, type StoredFrame, withSegment } from './segment-reader.ts';
import { Splits } from './splits.ts';
import { insertDecoded, loadedTables } from './tables.ts';

export interface SegmentParts {
  readonly target: LoadTarget;
  readonly settings: StatementSettings;
  readonly ledger: Ledger;
  readonly logger: Logger;
  /** Absent where this process holds no metric store. */
  readonly metrics?: MetricTarget;
  /** What decoders may ask. */
  readonly ports?: DecodePorts;
  /** What organisations decided about the grouping of errors; absent where nobody decides. */
  readonly grouping?: GroupingBook;
  /** What organisations let their logs pass through; absent where nobody has pipelines. */
  readonly pipelines?: PipelineBook;
  /** Which retention class logs have; absent where all organisations have the built-in ones. */
  readonly classes?: ClassBook;
  /** What organisations decided about scrubbing; absent where all are scrubbed alike. */
  readonly scrubbing?: ScrubBook;
}

/** One statement over a file. `sql` holds `{segment}` where the file's path belongs. */
interface Statement {
  readonly name: string;
  readonly sql: string;
  readonly settings: StatementSettings;
  readonly parameters?: Readonly<Record<string, BoundValue>>;
  /** Writes the input of these frames to `path`; undefined where the segment itself is the input. */
  readonly write?: (frames: readonly StoredFrame[], path: string) => Promise<boolean>;
  /** Loads the file in its own way, in place of `sql`; nothing may have changed when it throws. */
  readonly run?: (path: string, token: string) => Promise<void>;
  /** The same statement where it stores retention classes that the table does not know. */
  readonly classed?: Pick<Statement, 'sql' | 'parameters'>;
}

/** A frame that a statement refused, and why. */
type Culprits = Map<StoredFrame, LoadFailure>;

const statementTimeoutMs = 300_000;
const statementMemoryBytes = 6_000_000_000;
/** Up to so many records planning costs the engine more than work: a coarser plan is ready with a quarter less. */
const smallRecords = 2000;
const smallPlan: StatementSettings = { query_plan_merge_expressions: 0 };

/** One segment on its way into the store. */
interface Load {
  readonly parts: SegmentParts;
  readonly segment: Segment;
  readonly reader: SegmentReader;
  readonly frames: readonly StoredFrame[];
  /** False when the file holds more than the frames. */
  readonly intact: boolean;
  readonly splits: Splits;
  /** True when failures that do not tell their cause are the data's. */
  readonly suspect: boolean;
  readonly culprits: Culprits;
}

/**
 * Loads one segment: every statement of its lane, the quarantine of what the engine refuses, the ledger. Each part
 * carries a token made from the segment's name, so that a replay after a crash at any point changes nothing that was
 * done. Throws when the store is not able to take it now: then the whole is tried again. `suspect` says that this was done
 * often enough: what fails although the statement itself works is then searched for and put into quarantine.
 */
export async function loadSegment(parts: SegmentParts, lane: Lane, segment: Segment, suspect = false): Promise<void> {
  if (lane.kind === 'metrics') return loadMetrics(parts, lane, segment);
  await withSegment(segment.path, (reader) => loadFrames(parts, lane, segment, reader, suspect));
}

async function loadFrames(
  parts: SegmentParts,
  lane: Exclude<Lane, MetricLane>,
  segment: Segment,
  reader: SegmentReader,
  suspect: boolean,
): Promise<void> {
  const { frames, brokenAt } = await reader.frames();
  if (brokenAt !== undefined) {
    const readable = frames.reduce((sum, frame) => sum + frame.records, 0);
    const lost = { lostBytes: segment.sizeBytes - brokenAt, lostRecords: segment.records - readable };
    parts.logger.error('a segment was damaged on the disk; what stands before is loaded', {
      name: segment.name,
      ...lost,
    });
  }
  if (lane.kind === 'decode') await parts.grouping?.ready(frames.map(({ scope }) => scope.organisation));
  await parts.scrubbing?.ready();
  const refused: Refused[] = [];
  const culprits: Culprits = new Map();
  const splits = await Splits.read(segment.path);
  const planned = segment.records > smallRecords ? parts : { ...parts, settings: { ...parts.settings, ...smallPlan } };
  const classes = await parts.classes?.of(new Set(frames.map(({ scope }) => scope.organisation)));
  const piped = await PipedSegment.of(planned, lane, segment, frames, classes);
  const groups = byScrubber(piped?.untouched ?? frames, parts.scrubbing);
  const intact = brokenAt === undefined && groups.length === 1 && !piped;
  const load: Load = { parts: planned, segment, reader, frames, intact, splits, suspect, culprits };
  for (const group of groups) {
    const ranged = { ...load, frames: group.frames };
    if (lane.kind === 'decode') refused.push(...(await loadDecoded(ranged, lane, group, classes)));
    else await loadByEngine(ranged, lane, group, classes);
  }
  for (const { frames: own, statement } of piped?.statements() ?? []) {
    const whole = brokenAt === undefined && own.length === frames.length;
    await runOver({ ...load, frames: own, intact: whole }, statement, 0, own.length);
  }
  await quarantine(parts, segment, culprits, reader);
  const lost = (await piped?.finish()) ?? [];
  await parts.ledger.write(`${segment.name}-ledger`, withLost(accountOf(frames, culprits, refused), lost));
  piped?.done();
}

/** The metric store reads the segment itself; here it is read only where frames have to go to quarantine. */
async function loadMetrics(parts: SegmentParts, lane: MetricLane, segment: Segment): Promise<void> {
  const { name, path } = segment;
  if (!parts.metrics) throw new Error('no metric store takes this lane');
  const { entries, culprits, readBytes } = await parts.metrics.load({ name, path, format: lane.format });
  if (readBytes < segment.sizeBytes)
    parts.logger.error('a segment was damaged on the disk; what stands before is loaded', {
      name,
      lostBytes: segment.sizeBytes - readBytes,
    });
  if (culprits.length > 0)
    await withSegment(path, async (reader) => {
      const { frames } = await reader.frames();
      const failures: Culprits = new Map();
      for (const { index, message } of culprits) {
        const frame = frames[index];
        if (frame) failures.set(frame, { kind: 'data', message, code: 0 });
      }
      await quarantine(parts, segment, failures, reader);
    });
  await parts.ledger.write(`${name}-ledger`, entries);
}

/** Those of an organisation with rules bear its name. */
function named(statement: Statement, { organisation, own }: ScrubbedFrames): Statement {
  if (!own) return statement;
  const { name, sql } = statement;
  return { ...statement, name: `${name}-${organisation}`, sql: ownStatement(sql, own), parameters: own.parameters };
}

/** With the same statement as it stores classes, where it loads logs. */
function classed(statement: Statement, classes: LoadedClass | undefined): Statement {
  const sql = classes && withClass(statement.sql, classes.sql);
  if (sql === undefined) return statement;
  return { ...statement, classed: { sql, parameters: { ...statement.parameters, ...classes?.parameters } } };
}

/** Frames, scrubbed alike, of a lane that the engine reads by itself. */
async function loadByEngine(
  load: Load,
  lane: Extract<Lane, { kind: 'engine' }>,
  group: ScrubbedFrames,
  classes: LoadedClass | undefined,
): Promise<void> {
  for (const { name, sql } of lane.sql) {
    const statement = { name, sql, settings: { format_schema: lane.formatSchema, ...lane.settings } };
    await runOver(load, classed(named(statement, group), classes), 0, load.frames.length);
  }
}

/** Frames, scrubbed alike, of a lane that is decoded here: their rows in files, one statement for each table that has some. */
async function loadDecoded(
  load: Load,
  lane: Extract<Lane, { kind: 'decode' }>,
  group: ScrubbedFrames,
  classes: LoadedClass | undefined,
): Promise<readonly Refused[]> {
  const { segment, reader, frames } = load;
  const byFields = group.own !== undefined;
  const { ports, grouping } = load.parts;
  const bytesOf = (frame: StoredFrame): Buffer | Promise<Buffer> => reader.bytesOf(frame);
  const by = { lane, bytesOf, byFields, ...(ports && { ports }), ...(grouping && { grouping }) };
  const statementOf = (table: DecodedRows['table'], write?: Statement['write']): Statement =>
    classed(
      named({ name: table, sql: insertDecoded(table, byFields), settings: {}, ...(write && { write }) }, group),
      classes,
    );
  const pathOf = (table: DecodedRows['table']): string => workPath(segment, statementOf(table).name);
  try {
    const { tables, refused, culprits } = await decodeFrames(frames, { ...by, pathOf });
    blame(load, culprits);
    for (const table of loadedTables) {
      if (!tables.has(table)) continue;
      const write = async (some: readonly StoredFrame[], path: string): Promise<boolean> => {
        // The whole was written just now.
        if (some.length === frames.length) return true;
        return (await decodeFrames(some, { ...by, pathOf: () => path, only: table })).tables.has(table);
      };
      await runOver(load, statementOf(table, write), 0, frames.length);
    }
    return refused;
  } finally {
    for (const table of loadedTables) await rm(pathOf(table), { force: true });
  }
}

function blame({ parts, segment, culprits }: Load, found: ReadonlyMap<StoredFrame, LoadFailure>): void {
  for (const [frame, failure] of found) {
    const { message: reason } = failure;
    parts.logger.warn('a request could not be decoded and was put into quarantine', { segment: segment.name, reason });
    culprits.set(frame, failure);
  }
}

const workPath = (segment: Segment, name: string): string => `${segment.path}.${name}.work`;

/**
 * Runs a statement over frames `from` to `to`. What the engine refuses as data is halved until the culprit stands alone;
 * what is too large for its memory is halved too. Each range has a token of its own.
 */
async function runOver(load: Load, statement: Statement, from: number, to: number): Promise<void> {
  if (from >= to) return;
  const { parts, segment, splits, culprits } = load;
  if (!splits.has(statement.name, from, to)) {
    const failure = await runOnce(load, statement, from, to);
    if (!failure) return;
    const only = load.frames[from];
    if (to - from === 1 && only) {
      parts.logger.warn('a request was refused by the store and put into quarantine', {
        segment: segment.name,
        reason: failure.message,
      });
      culprits.set(only, failure);
      return;
    }
    await splits.add(statement.name, from, to);
  }
  const middle = (from + to) >> 1;
  await runOver(load, statement, from, middle);
  await runOver(load, statement, middle, to);
}

/** One attempt. Undefined when it went well; the failure when it is the data's; throws when it is not. */
async function runOnce(load: Load, statement: Statement, from: number, to: number): Promise<LoadFailure | undefined> {
  const { segment, frames } = load;
  const whole = from === 0 && to === frames.length;
  const range = whole ? '' : `-${from}-${to}`;
  const own = statement.write !== undefined || !whole || !load.intact;
  const path = own ? workPath(segment, statement.name + range) : segment.path;
  try {
    const part = frames.slice(from, to);
    if (statement.write) {
      if (!(await statement.write(part, path))) return undefined;
    } else if (own) await load.reader.copy(part, path);
    await executeClassed(load.parts, statement, path, `${segment.name}${range}-${statement.name}`);
    return undefined;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind === 'data' || (failure.kind === 'memory' && to - from > 1)) return failure;
    // One request too large for the memory that is free now may fit later; an error that does not tell may pass.
    if (failure.kind === 'wait' || !load.suspect || !(await worksOnNothing(load, statement))) throw error;
    return failure;
  } finally {
    if (own) await rm(path, { force: true });
  }
}

/** A class's query that the engine cannot carry out must not stop the load: then the built-in classes decide. */
async function executeClassed(parts: SegmentParts, statement: Statement, path: string, token: string): Promise<void> {
  if (!statement.classed) return execute(parts, statement, path, token);
  try {
    await execute(parts, { ...statement, ...statement.classed }, path, token);
  } catch (error) {
    const { kind } = failureOf(error);
    if (kind === 'wait' || kind === 'memory') throw error;
    await execute(parts, statement, path, token);
    parts.logger.error('logs were stored under the built-in retention classes: those of an organisation failed', {
      token,
      error,
    });
  }
}

function execute({ target, settings }: SegmentParts, statement: Statement, path: string, token: string): Promise<void> {
  if (statement.run) return statement.run(path, token);
  return target.execute(
    statement.sql.replaceAll('{segment}', () => pathLiteral(path)),
    statement.parameters ?? {},
    {
      timeoutMs: statementTimeoutMs,
      memoryBytes: statementMemoryBytes,
      settings: { ...settings, ...statement.settings, insert_deduplication_token: token },
    },
  );
}

/** Whether a statement goes well over an empty file: then neither it nor the store is to blame for a failure. */
async function worksOnNothing({ parts, segment }: Load, statement: Statement): Promise<boolean> {
  const path = `${segment.path}.${statement.name}-empty.work`;
  try {
    await writeFile(path, '');
    await execute(parts, statement, path, `${segment.name}-empty-${statement.name}`);
    return true;
  } catch (error) {
    parts.logger.warn('a statement fails whatever its data', { statement: statement.name, error });
    return false;
  } finally {
    await rm(path, { force: true });
  }
}

/** Every record of the segment in exactly one outcome. */
function accountOf(frames: readonly StoredFrame[], culprits: Culprits, refused: readonly Refused[]): LedgerEntry[] {
  const later = new Map(refused.map(({ frame, refusals }) => [frame, refusals]));
  return frames.flatMap((frame) => {
    const { scope, protocol, receivedAtMs } = frame;
    const base = { organisation: scope.organisation, keyId: scope.keyId, protocol, receivedAtMs };
    const rejected = (refusal: Refusal): LedgerEntry => {
      const { signal, reason, records } = refusal;
      return { ...base, signal, outcome: lostBeforeUs(reason) ? 'dropped' : 'rejected', reason, records, bytes: 0 };
    };
    const own = { ...base, signal: frame.signal, records: frame.records, bytes: frame.sizeBytes };
    const early = frame.refused.map(rejected);
    if (culprits.has(frame)) return [...early, { ...own, outcome: 'rejected', reason: 'quarantined' } as const];
    const late = later.get(frame) ?? [];
    // Refused by the decoder: they were counted among the frame's records when it was received.
    const lost = late.filter(({ signal }) => signal === frame.signal).reduce((sum, { records }) => sum + records, 0);
    const accepted = { ...own, records: Math.max(0, frame.records - lost), outcome: 'accepted', reason: '' } as const;
    return [...early, accepted, ...late.map(rejected)];
  });
}

/** Takes what pipelines let go out of what was accepted: it is an outcome of its own. */
function withLost(entries: LedgerEntry[], lost: readonly LedgerEntry[]): LedgerEntry[] {
  if (lost.length === 0) return entries;
  const minuteOf = ({ receivedAtMs }: LedgerEntry): number => Math.floor(receivedAtMs / 60_000);
  const keyOf = (entry: LedgerEntry): string =>
    [entry.organisation, entry.keyId, entry.protocol, entry.signal, minuteOf(entry)].join('\u0000');
  const taken = new Map<string, number>();
  const records = lost.filter(({ reason }) => reason.startsWith('pipeline-'));
  for (const entry of records) taken.set(keyOf(entry), (taken.get(keyOf(entry)) ?? 0) + entry.records);
  const kept = entries.map((entry) => {
    if (entry.outcome !== 'accepted') return entry;
    const most = Math.min(entry.records, taken.get(keyOf(entry)) ?? 0);
    if (most > 0) taken.set(keyOf(entry), (taken.get(keyOf(entry)) ?? 0) - most);
    return most > 0 ? { ...entry, records: entry.records - most } : entry;
  });
  return [...kept, ...lost];
}

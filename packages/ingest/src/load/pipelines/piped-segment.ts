import { readFile, rename, open } from 'node:fs/promises';
import type { Logger } from '@sightline/base';
import type { LedgerEntry, Reason } from '@sightline/record';
import type { Ledger } from '../../ledger.ts';
import type { Lane } from '../../protocol.ts';
import type { Segment } from '../../spool/spool.ts';
import type { StoredFrame } from '../segment-reader.ts';
import type { LoadTarget, StatementSettings } from '../load-target.ts';
import type { ScrubBook } from '../pii/scrub-book.ts';
import type { LoadedClass } from '../retention-classes.ts';
import type { MetricTarget } from '../metric-target.ts';
import { madeSamples, samplesFrame } from './made-samples.ts';
import { pipedGroups, runPiped, runs, type PipedGroup, type Told } from './piped-load.ts';
import { pipedSelect, type PipedSelect } from './piped-select.ts';
import type { PipelineBook } from './pipeline-book.ts';

interface Parts {
  readonly target: LoadTarget;
  readonly settings: StatementSettings;
  readonly ledger: Ledger;
  readonly logger: Logger;
  readonly metrics?: MetricTarget;
  readonly pipelines?: PipelineBook;
  readonly scrubbing?: ScrubBook;
}

const reasonOf: Readonly<Record<string, Reason>> = {
  drop: 'pipeline-drop',
  sample: 'pipeline-sample',
  cap: 'pipeline-cap',
};

/** The protocol under which samples made of logs stand in the ledger. */
const madeProtocol = 'pipelines';

/**
 * The part of a segment that pipelines treat. All that comes of it is told by the segment's bytes, the versions that were in force when
 * they were received, and the counts of caps noted beside it: loaded again after a crash, it gives the same rows, the same counts and
 * the same samples, each under a token of the segment.
 */
export class PipedSegment {
  /** Frames that nothing treats. */
  readonly untouched: readonly StoredFrame[];
  readonly #parts: Parts;
  readonly #segment: Segment;
  readonly #groups: readonly PipedGroup[];
  readonly #select: PipedSelect;
  readonly #settings: StatementSettings;
  readonly #used: Readonly<Record<string, number>>;
  readonly #classes: LoadedClass | undefined;
  readonly #told: { readonly group: PipedGroup; readonly rows: readonly Told[] }[] = [];

  private constructor(
    parts: Parts,
    segment: Segment,
    pieces: {
      readonly groups: readonly PipedGroup[];
      readonly untouched: readonly StoredFrame[];
      readonly select: PipedSelect;
      readonly settings: StatementSettings;
      readonly used: Readonly<Record<string, number>>;
      readonly classes: LoadedClass | undefined;
    },
  ) {
    this.#parts = parts;
    this.#segment = segment;
    this.untouched = pieces.untouched;
    this.#groups = pieces.groups;
    this.#select = pieces.select;
    this.#settings = pieces.settings;
    this.#used = pieces.used;
    this.#classes = pieces.classes;
  }

  /** undefined where nothing in the segment is treated: then it is loaded as it always was. */
  static async of(
    parts: Parts,
    lane: Lane,
    segment: Segment,
    frames: readonly StoredFrame[],
    classes?: LoadedClass,
  ): Promise<PipedSegment | undefined> {
    const book = parts.pipelines;
    if (!book || lane.kind !== 'engine' || lane.piped !== true) return undefined;
    await book.ready(frames.reduce((newest, { receivedAtMs }) => Math.max(newest, receivedAtMs), 0));
    const found = pipedGroups(frames, (frame) => ({
      treatment: book.of(frame.scope.organisation, frame.receivedAtMs),
      own: parts.scrubbing?.of(frame),
    }));
    if (found.length === 0) return undefined;
    const select = selectOf(lane.sql[0]?.sql ?? '');
    const settings = { ...parts.settings, ...lane.settings, format_schema: lane.formatSchema };
    const groups: PipedGroup[] = [];
    for (const group of found) if (await runs(parts, select, group, segment.path, settings)) groups.push(group);
    if (groups.length === 0) return undefined;
    const treated = new Set(groups.flatMap((group) => group.frames));
    const untouched = frames.filter((frame) => !treated.has(frame));
    const caps = groups.some(({ treatment }) => treatment.sql.caps);
    const used = caps ? await pinned(`${segment.path}${capsSuffix}`, book.caps.snapshot()) : {};
    return new PipedSegment(parts, segment, { groups, untouched, select, settings, used, classes });
  }

  /** One statement for each version of an organisation's pipelines. */
  *statements(): Generator<{
    readonly frames: readonly StoredFrame[];
    readonly statement: {
      readonly name: string;
      readonly sql: string;
      readonly settings: StatementSettings;
      readonly run: (path: string, token: string) => Promise<void>;
    };
  }> {
    for (const group of this.#groups) {
      const run = async (path: string, token: string): Promise<void> => {
        const settings = this.#settings;
        const run = { path, token, settings, used: this.#used, ...(this.#classes ? { classes: this.#classes } : {}) };
        const rows = await runPiped(this.#parts, this.#select, group, run);
        this.#told.push({ group, rows });
      };
      yield { frames: group.frames, statement: { name: group.name, sql: '', settings: {}, run } };
    }
  }

  /** Counts what the steps did and hands over the samples; the ledger's lines of what was let go. */
  async finish(): Promise<readonly LedgerEntry[]> {
    await this.#count();
    const made = await this.#makeSamples();
    const lost = this.#told.flatMap(({ group, rows }) =>
      rows
        .filter(({ what }) => what === 'end')
        .map(({ n, key_id: keyId, protocol, at, records }): LedgerEntry => ({
          organisation: group.treatment.organisation,
          keyId,
          protocol,
          signal: 'logs',
          outcome: 'dropped',
          reason: reasonOf[group.treatment.sql.steps[n]?.step?.kind ?? ''] ?? 'pipeline-drop',
          records,
          bytes: 0,
          receivedAtMs: at,
        })),
    );
    return [...lost, ...made];
  }

  /** All is counted: what caps let pass counts for the segments that follow. */
  done(): void {
    const passed = this.#told.flatMap(({ rows }) => rows.filter(({ what }) => what === 'cap'));
    this.#parts.pipelines?.caps.add(passed.map(({ key, at, records }) => ({ key, minuteMs: at, records })));
  }

  async #count(): Promise<void> {
    const rows = this.#told.flatMap(({ group: { treatment }, rows: told }) =>
      told.flatMap(({ what, n, at, records }) => {
        const step = treatment.sql.steps[n];
        if ((what !== 'end' && what !== 'did') || !step) return [];
        const did = what === 'end' ? (step.step?.kind ?? '') : step.step ? 'unread' : 'taken';
        const { organisation } = treatment;
        return [
          { organisation, minute: at / 1000, pipeline: step.pipeline.id, step: (step.at ?? -1) + 1, did, records },
        ];
      }),
    );
    if (rows.length === 0) return;
    await this.#parts.target.execute(
      insertCounts,
      {
        organisation: rows.map(({ organisation }) => organisation),
        minute: rows.map(({ minute }) => minute),
        pipeline: rows.map(({ pipeline }) => pipeline),
        step: rows.map(({ step }) => step),
        did: rows.map(({ did }) => did),
        records: rows.map(({ records }) => records),
      },
      {
        timeoutMs: 30_000,
        settings: { ...this.#parts.settings, insert_deduplication_token: `${this.#segment.name}-pipelines` },
      },
    );
  }

  /** The metric store takes a segment's samples once, by their name, for as long as the file is there. */
  async #makeSamples(): Promise<readonly LedgerEntry[]> {
    const frames = madeSamples(this.#told.map(({ group, rows }) => ({ ...group.treatment, rows })));
    if (frames.length === 0) return [];
    const { metrics, ledger } = this.#parts;
    if (!metrics) throw new Error('no metric store takes the samples that pipelines make');
    const path = `${this.#segment.path}${samplesSuffix}`;
    await writeDurable(path, Buffer.concat(frames.map((frame) => samplesFrame(frame, madeProtocol))));
    const { entries } = await metrics.load({ name: `${this.#segment.name}-samples`, path, format: 'otlp' });
    for (const frame of frames) ledger.received(madeProtocol, 'metrics', frame.records, frame.bytes.length);
    return entries;
  }
}

/** Kept beside a segment for as long as it is there, as its splits are (spool/spool-lane.ts). */
const capsSuffix = '.caps';
const samplesSuffix = '.samples';

const insertCounts = `INSERT INTO pipeline_counts (organisation, minute, pipeline, step, did, records)
SELECT organisation, toDateTime(minute, 'UTC'), pipeline, step, did, records
FROM (SELECT {organisation:Array(String)} AS organisation, {minute:Array(UInt32)} AS minute, {pipeline:Array(String)} AS pipeline,
  {step:Array(UInt16)} AS step, {did:Array(String)} AS did, {records:Array(UInt64)} AS records)
ARRAY JOIN organisation, minute, pipeline, step, did, records`;

const selects = new Map<string, PipedSelect>();

function selectOf(sql: string): PipedSelect {
  let select = selects.get(sql);
  if (!select) selects.set(sql, (select = pipedSelect(sql)));
  return select;
}

/** What was noted when the segment was tried first; noted now where it was not. */
async function pinned(path: string, counts: Record<string, number>): Promise<Readonly<Record<string, number>>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, number>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await writeDurable(path, Buffer.from(JSON.stringify(counts)));
  return counts;
}

/** Writes a file whole or not at all. */
async function writeDurable(path: string, content: Buffer): Promise<void> {
  const part = `${path}.part`;
  const file = await open(part, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
}

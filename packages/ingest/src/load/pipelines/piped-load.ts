import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { Logger } from '@sightline/base';
import { LogsRequestBuilder } from '../../otlp/build-logs.ts';
import { encodeSpooled } from '../../spool/spooled.ts';
import { failureOf, type LoadTarget, type StatementSettings } from '../load-target.ts';
import { ownStatement, type OwnScrub } from '../pii/own-scrub.ts';
import { pathLiteral } from '../path-literal.ts';
import { type LoadedClass, withClass } from '../retention-classes.ts';
import type { StoredFrame } from '../segment-reader.ts';
import type { PipedSelect } from './piped-select.ts';
import type { Treatment } from './pipeline-book.ts';

/** What the engine tells of the records of one range: aggregated, in a file that is made again with each try. */
export interface Told {
  readonly what: 'end' | 'did' | 'made' | 'cap';
  /** Number of the step. */
  readonly n: number;
  readonly key_id: string;
  readonly protocol: string;
  /** Milliseconds: the minute of receipt; of samples the newest receipt. */
  readonly at: number;
  readonly labels: readonly string[];
  /** Bucket of a distribution. */
  readonly bucket: number;
  readonly key: string;
  readonly records: number;
  readonly sum: number;
}

/** Frames of one segment that one version of an organisation's pipelines treats. */
export interface PipedGroup {
  readonly treatment: Treatment;
  /** The organisation's own scrubber, where it has one. */
  readonly own: OwnScrub | undefined;
  readonly frames: readonly StoredFrame[];
  /** Safe as part of a file's name; the same each time the segment is loaded. */
  readonly name: string;
}

export interface PipedParts {
  readonly target: LoadTarget;
  readonly logger: Logger;
}

const timeoutMs = 300_000;
const memoryBytes = 6_000_000_000;

/** Frames by what treats and scrubs them, in the order in which each first comes; frames that nothing treats are in none. */
export function pipedGroups(
  frames: readonly StoredFrame[],
  of: (frame: StoredFrame) => { readonly treatment: Treatment | undefined; readonly own: OwnScrub | undefined },
): PipedGroup[] {
  const groups: (Omit<PipedGroup, 'frames'> & { readonly frames: StoredFrame[] })[] = [];
  for (const frame of frames) {
    const { treatment, own } = of(frame);
    if (!treatment) continue;
    let group = groups.find((one) => one.treatment === treatment && one.own === own);
    if (!group) {
      const organisation = treatment.organisation.replace(/[^\w-]/g, '_');
      const name = `logs.${organisation}.${treatment.version}${own ? '.own' : ''}`;
      groups.push((group = { treatment, own, frames: [], name }));
    }
    group.frames.push(frame);
  }
  return groups;
}

/**
 * Loads a file of frames through their pipelines: decodes them into a work file, treats that stage by stage, reads from the last what is
 * to be told, and then, under the token, stores what is kept. Until that last statement nothing has changed, so that a range may be
 * tried again in halves. Without a token nothing is stored. Throws what the store throws.
 */
export async function runPiped(
  parts: PipedParts,
  { columns, select }: PipedSelect,
  { treatment: { sql }, own }: Pick<PipedGroup, 'treatment' | 'own'>,
  run: {
    readonly path: string;
    readonly token?: string;
    readonly settings: StatementSettings;
    /** What caps have let pass before. */
    readonly used: Readonly<Record<string, number>>;
    /** Retention classes that the table does not know; decided by what the pipelines made of a record. */
    readonly classes?: LoadedClass;
  },
): Promise<readonly Told[]> {
  const { target } = parts;
  const { path, token, settings } = run;
  const names = columns.map((name) => `\`${name}\``).join(', ');
  const work = (n: number): string => `${path}.stage${n}`;
  const told = `${path}.told`;
  const limits = { timeoutMs, memoryBytes };
  const scrubbed = (text: string): string => (own && scrubs.test(text) ? ownStatement(text, own) : text);
  const ours = { ...settings, ...fileSettings, ...plainPlans };
  const write = (to: string, format: string, from: string, bound: typeof sql.parameters): Promise<void> =>
    target.execute(`INSERT INTO FUNCTION file(${pathLiteral(to)}, ${format})\n${from}`, bound, {
      ...limits,
      settings: ours,
    });
  const used = Object.entries(run.used);
  const parameters = {
    ...sql.parameters,
    ...own?.parameters,
    cap_keys: [0n, ...used.map(([key]) => BigInt(key))],
    cap_used: [0, ...used.map(([, records]) => records)],
  };
  const last = sql.stages.length;
  try {
    await write(
      work(0),
      'Native',
      scrubbed(select).replaceAll('{segment}', () => pathLiteral(path)),
      parameters,
    );
    if (!(await holdsBytes(work(0)))) return [];
    for (const [n, stage] of sql.stages.entries()) {
      await write(
        work(n + 1),
        'Native',
        scrubbed(stage(`SELECT * FROM file(${pathLiteral(work(n))}, Native)`)),
        parameters,
      );
      await rm(work(n), { force: true });
    }
    await write(
      told,
      'JSONEachRow',
      tellOf(sql).replaceAll('{treated}', () => pathLiteral(work(last))),
      {},
    );
    if (token !== undefined) {
      const insert = `INSERT INTO logs (${names})\nSELECT ${names} FROM file(${pathLiteral(work(last))}, Native) WHERE p_end = 0`;
      await store(parts, insert, { ...settings, ...fileSettings, insert_deduplication_token: token }, run.classes);
    }
    return (await holdsBytes(told)) ? readTold(await readFile(told, 'utf8')) : [];
  } finally {
    for (let n = 0; n <= last; n++) await rm(work(n), { force: true });
    await rm(told, { force: true });
  }
}

/** A class's query that the engine cannot carry out must not stop the load: then the built-in classes decide. */
async function store(
  { target, logger }: PipedParts,
  insert: string,
  settings: StatementSettings,
  classes: LoadedClass | undefined,
): Promise<void> {
  const limits = { timeoutMs, memoryBytes, settings };
  const sql = classes && withClass(insert, classes.sql);
  if (!classes || sql === undefined) return target.execute(insert, {}, limits);
  try {
    await target.execute(sql, classes.parameters, limits);
  } catch (error) {
    const { kind } = failureOf(error);
    if (kind === 'wait' || kind === 'memory') throw error;
    await target.execute(insert, {}, limits);
    logger.error('logs were stored under the built-in retention classes: those of an organisation failed', { error });
  }
}

/** Whether a statement scrubs: only then may an organisation's own scrubber be put into it. */
const scrubs = /\b(?:scrub_record|otlp_scrubbed)\(/;

/** Each try begins with empty files, whose columns are those that they hold and not the table's. */
const fileSettings: StatementSettings = {
  engine_file_truncate_on_insert: 1,
  schema_inference_use_cache_for_file: 0,
  use_structure_from_insertion_table_in_table_functions: 0,
  output_format_json_quote_64bit_integers: 0,
  max_subquery_depth: 1000,
  // Keys of caps stand in the text.
  max_query_size: 16_000_000,
};

/** What the engine tries on each nested SELECT costs several times what the whole statement does. */
const plainPlans: StatementSettings = {
  query_plan_merge_expressions: 0,
  optimize_if_chain_to_multiif: 0,
  optimize_multiif_to_if: 0,
  optimize_extract_common_expressions: 0,
  optimize_and_compare_chain: 0,
  convert_query_to_cnf: 0,
};

/** Whether the engine runs this at all, asked once with a record of ours. Pipelines that cannot run must not keep others' logs waiting. */
export async function runs(
  parts: PipedParts,
  select: PipedSelect,
  { treatment, own }: PipedGroup,
  path: string,
  settings: StatementSettings,
): Promise<boolean> {
  if (treatment.runs !== undefined) return treatment.runs;
  const trial = `${path}.trial.work`;
  const { organisation, version } = treatment;
  try {
    const scope = { organisation, keyId: '', site: '', device: '', environment: '', service: '' };
    const bytes = new LogsRequestBuilder().add({ body: 'trial' }).build();
    const meta = { protocol: '', project: 0, receivedAtMs: 0 };
    await writeFile(trial, encodeSpooled({ bytes, records: 1, signal: 'logs' }, scope, meta, []));
    await runPiped(parts, select, { treatment, own }, { path: trial, settings, used: {} });
    treatment.runs = true;
  } catch (error) {
    const { kind } = failureOf(error);
    if (kind === 'memory' || (kind === 'wait' && !isOurs(error))) throw error;
    parts.logger.error('pipelines cannot be run and do not apply', { organisation, version, error });
    treatment.runs = false;
  } finally {
    await rm(trial, { force: true });
  }
  return treatment.runs;
}

/** Errors of the statement itself that `failureOf` counts as the store's state: unknown names, syntax. */
function isOurs(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' && [16, 46, 47, 62, 427].includes(code);
}

/** Four short reads of the work file, of the columns that each needs. */
function tellOf({ caps, metrics, steps }: Treatment['sql']): string {
  const distributed = steps.flatMap((one, n) =>
    one?.step?.kind === 'metric' && one.step.measure === 'distribution' ? [n] : [],
  );
  // Eight buckets to each power of two, OpenTelemetry's scale 3; what is zero is in a bucket of its own.
  const bucket = `if(tupleElement(m, 1) IN (0${distributed.map((n) => `, ${n}`).join('')}) AND tupleElement(m, 3) > 0, toInt32(ceil(least(greatest(log2(tupleElement(m, 3)), -60), 60) * 8)) - 1, ${zeroBucket})`;
  const minute = 'toUnixTimestamp(toStartOfMinute(received_at)) * 1000';
  const parts = [
    `SELECT 'end' AS what, p_end AS n, key_id, protocol, ${minute} AS at, CAST([], 'Array(String)') AS labels, toInt32(0) AS bucket, '' AS key, count() AS records, toFloat64(0) AS sum
FROM file({treated}, Native) WHERE p_end > 0 GROUP BY n, key_id, protocol, at`,
    `SELECT 'did', arrayJoin(p_did) AS n, '', '', ${minute} AS at, CAST([], 'Array(String)'), toInt32(0), '', count(), toFloat64(0)
FROM file({treated}, Native) GROUP BY n, at`,
    ...(metrics
      ? [
          `SELECT 'made', tupleElement(m, 1) AS n, '', '', max(ms) AS at, tupleElement(m, 2) AS labels, ${bucket} AS bucket, '', count(), sum(tupleElement(m, 3))
FROM (SELECT arrayJoin(p_made) AS m, toUnixTimestamp64Milli(received_at) AS ms FROM file({treated}, Native)) GROUP BY n, labels, bucket, intDiv(ms, ${samplesEveryMs})`,
        ]
      : []),
    ...(caps
      ? [
          `SELECT 'cap', toUInt16(0), '', '', ${minute} AS at, CAST([], 'Array(String)'), toInt32(0), toString(arrayJoin(p_capped)) AS key, count(), toFloat64(0)
FROM file({treated}, Native) GROUP BY key, at`,
        ]
      : []),
  ];
  return parts.map((part) => `SELECT * FROM (${part})`).join('\nUNION ALL\n');
}

/** Bucket of zeros, and of all that is not distributed. */
export const zeroBucket = -1_000_000;
/** A segment that waited long gives a sample for each such time of receipt, not one for all. */
const samplesEveryMs = 10_000;

function readTold(text: string): Told[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Told);
}

async function holdsBytes(path: string): Promise<boolean> {
  try {
    return (await stat(path)).size > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

import { fail, ok, type Result } from '@sightline/base';
import { type Pipeline, severityName } from '@sightline/record';
import { StoreError, type QueryLimits, type TelemetryReader } from '@sightline/store/port';
import { firstByTime } from '../search/scope.ts';
import { compileSearch } from '../search/search.ts';
import { compilePipelines, type CompiledPipelines, type PipelineFault } from './compile-pipelines.ts';

export interface TriedState {
  readonly body: string;
  readonly severity: string;
  readonly site: string;
  readonly service: string;
  readonly at: number;
  readonly attributes: Record<string, string>;
}

/** What a pipeline would make of one line. Steps are counted from 1. */
export interface TriedLine {
  readonly before: TriedState;
  readonly after: TriedState;
  readonly taken: boolean;
  readonly endedBy: number | null;
  readonly unread: number[];
  readonly made: { step: number; metric: string; labels: Record<string, string>; value: number }[];
}

export interface PastedLines {
  readonly lines: readonly string[];
  readonly site: string;
  readonly service: string;
}

const linesShown = 50;
const lookBackMs = 3_600_000;

/**
 * What a pipeline would make of pasted lines, or of the newest stored ones of the last hour that it would take: by the SQL that the
 * loader runs. Throws `StoreError`.
 */
export async function tryPipeline(
  reader: TelemetryReader,
  asked: {
    readonly organisation: string;
    readonly pipeline: Pipeline;
    readonly pasted: PastedLines | undefined;
    readonly nowMs: number;
  },
  limits: QueryLimits = {},
): Promise<Result<TriedLine[], readonly PipelineFault[]>> {
  const pipeline = { ...asked.pipeline, enabled: true };
  const compiled = compilePipelines([pipeline]);
  if (!compiled.ok) return compiled;
  const refused = await refusedExpression(reader, compiled.value, limits);
  if (refused !== undefined) return fail([{ pipeline: 0, step: undefined, field: 'steps', message: refused }]);
  const source = asked.pasted ? pastedSource(asked.pasted, asked) : storedSource(pipeline.filter, asked);
  const sql = `SELECT b_body, b_attrs, b_severity, b_site, b_service, toFloat64(toUnixTimestamp64Milli(b_ts)) AS b_at, body, attrs, severity, site, service,
    toFloat64(toUnixTimestamp64Milli(ts)) AS at, p_end, p_did, p_made FROM (${compiled.value.wrap(source.select)}) ORDER BY p_row`;
  const parameters = { ...compiled.value.parameters, ...source.parameters, cap_keys: [0n], cap_used: [0] };
  const rows = await reader.query<Row>(sql, parameters, {
    threads: 1,
    ...limits,
    settings: { ...plainPlans, ...limits.settings },
  });
  return ok(rows.map((row) => lineOf(row, compiled.value)));
}

/** What the engine says of an expression that it does not take; undefined where it takes all. Throws `StoreError` for all else. */
export async function refusedExpression(
  reader: TelemetryReader,
  { expressions }: Pick<CompiledPipelines, 'expressions'>,
  limits: QueryLimits = {},
): Promise<string | undefined> {
  for (const expression of new Set(expressions)) {
    try {
      await reader.query(`SELECT match('', {expression:String})`, { expression }, limits);
    } catch (error) {
      // CANNOT_COMPILE_REGEXP
      if (!(error instanceof StoreError) || error.code !== 427) throw error;
      return `the engine does not take the expression ${expression.slice(0, 200)}`;
    }
  }
  return undefined;
}

/** See `load/pipelines/piped-load.ts` in the part `ingest`: of nested SELECTs these cost more than the query. */
const plainPlans = {
  max_subquery_depth: 1000,
  optimize_if_chain_to_multiif: 0,
  optimize_multiif_to_if: 0,
  optimize_extract_common_expressions: 0,
  optimize_and_compare_chain: 0,
};

interface Source {
  readonly select: string;
  readonly parameters: Record<string, string | string[] | number | Date>;
}

const before =
  'body AS b_body, attrs AS b_attrs, severity AS b_severity, site AS b_site, service AS b_service, ts AS b_ts';
const columns = `organisation, toString(site) AS site, toString(device) AS device, toString(environment) AS environment, toString(service) AS service,
  toString(release) AS release, ts, received_at, severity, toString(severity_text) AS severity_text, toString(event_name) AS event_name, body, trace_id, span_id,
  flags, correlation_id, toString(scope_name) AS scope_name, CAST(res, 'Map(String, String)') AS res, CAST(attrs, 'Map(String, String)') AS attrs`;

function pastedSource(pasted: PastedLines, { organisation, nowMs }: { organisation: string; nowMs: number }): Source {
  return {
    select: `SELECT *, ${before} FROM (SELECT {organisation:String} AS organisation, {site:String} AS site, '' AS device, '' AS environment, {service:String} AS service, '' AS release,
      {now:DateTime64(9)} AS ts, {now:DateTime64(9)} AS received_at, toUInt8(0) AS severity, '' AS severity_text, '' AS event_name,
      scrub_text('body', toValidUTF8(arrayJoin({lines:Array(String)}))) AS body, toFixedString('', 16) AS trace_id, toFixedString('', 8) AS span_id, toUInt8(0) AS flags,
      '' AS correlation_id, '' AS scope_name, CAST(map(), 'Map(String, String)') AS res, CAST(map(), 'Map(String, String)') AS attrs, 0 AS forwarded)`,
    parameters: {
      organisation,
      site: pasted.site,
      service: pasted.service,
      lines: [...pasted.lines],
      now: new Date(nowMs),
    },
  };
}

function storedSource(filter: string, { organisation, nowMs }: { organisation: string; nowMs: number }): Source {
  const search = compileSearch('logs', filter, 'f');
  // It was read when the pipeline was compiled.
  if (!search.ok) throw new Error(search.error.message);
  const found = `FROM logs
      WHERE organisation = {organisation:String} AND ts >= {from_ts:DateTime64(9)} AND ts < {to_ts:DateTime64(9)} AND ${search.value.sql}`;
  return {
    select: `SELECT *, ${before} FROM (SELECT ${columns}, 0 AS forwarded FROM (${firstByTime('*', found, 'DESC', String(linesShown))}))`,
    parameters: {
      ...(search.value.parameters as Source['parameters']),
      organisation,
      from_ts: new Date(nowMs - lookBackMs),
      to_ts: new Date(nowMs),
    },
  };
}

interface Row {
  readonly b_body: string;
  readonly b_attrs: Record<string, string>;
  readonly b_severity: number;
  readonly b_site: string;
  readonly b_service: string;
  readonly b_at: number;
  readonly body: string;
  readonly attrs: Record<string, string>;
  readonly severity: number;
  readonly site: string;
  readonly service: string;
  readonly at: number;
  readonly p_end: number;
  readonly p_did: readonly number[];
  readonly p_made: readonly (readonly [number, readonly string[], number])[];
}

function lineOf(row: Row, { steps }: CompiledPipelines): TriedLine {
  const placeOf = (number: number): number => (steps[number]?.at ?? -1) + 1;
  return {
    before: {
      body: row.b_body,
      severity: severityName(row.b_severity),
      site: row.b_site,
      service: row.b_service,
      at: row.b_at,
      attributes: row.b_attrs,
    },
    after: {
      body: row.body,
      severity: severityName(row.severity),
      site: row.site,
      service: row.service,
      at: row.at,
      attributes: row.attrs,
    },
    taken: row.p_did.some((number) => placeOf(number) === 0),
    endedBy: row.p_end === 0 ? null : placeOf(row.p_end),
    unread: row.p_did.map(placeOf).filter((place) => place > 0),
    made: row.p_made.flatMap(([number, values, value]) => {
      const step = steps[number]?.step;
      if (step?.kind !== 'metric') return [];
      const labels = Object.fromEntries(step.labels.map((label, at) => [label, values[at] ?? '']));
      return [{ step: placeOf(number), metric: step.metric, labels, value }];
    }),
  };
}

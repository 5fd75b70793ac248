import type { RetentionClass } from '@sightline/record';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { classExpression } from './class-expression.ts';

export interface ClassRows {
  readonly name: string;
  readonly rows: number;
}

const classesAtMost = 500;
const hourMs = 3_600_000;

/** Logs of an organisation in the engine by class, with the bytes that they take on average; most first. Throws `StoreError`. */
export async function readHotClasses(
  reader: TelemetryReader,
  organisation: string,
  limits: QueryLimits = {},
): Promise<(ClassRows & { readonly bytes: number })[]> {
  const [rows, [size]] = await Promise.all([
    reader.query<{ name: string; n: string }>(
      `SELECT toString(class) AS name, toString(count()) AS n FROM logs WHERE organisation = {organisation:String}
       GROUP BY name ORDER BY count() DESC, name LIMIT ${classesAtMost}`,
      { organisation },
      limits,
    ),
    reader.query<{ each: number }>(
      `SELECT if(sum(rows) = 0, 0, sum(bytes_on_disk) / sum(rows)) AS each FROM system.parts WHERE database = currentDatabase() AND table = 'logs' AND active`,
      {},
      limits,
    ),
  ]);
  return rows.map(({ name, n }) => ({ name, rows: Number(n), bytes: Math.round(Number(n) * (size?.each ?? 0)) }));
}

/** How many logs of a range each class would take, by the expression that the load uses. Throws `StoreError`. */
export async function previewClasses(
  reader: TelemetryReader,
  asked: {
    readonly organisation: string;
    readonly classes: readonly Pick<RetentionClass, 'name' | 'query'>[];
    readonly fromMs: number;
    readonly toMs: number;
  },
  limits: QueryLimits = {},
): Promise<ReturnType<typeof classExpression> | { readonly ok: true; readonly rows: ClassRows[] }> {
  const expression = classExpression(asked.classes, 'class_');
  if (!expression.ok) return expression;
  const rows = await reader.query<{ name: string; n: string }>(
    `SELECT ${expression.value.sql} AS name, toString(count()) AS n FROM logs
     WHERE organisation = {organisation:String} AND ts >= fromUnixTimestamp64Milli({from:Int64}) AND ts < fromUnixTimestamp64Milli({to:Int64})
     GROUP BY name LIMIT ${classesAtMost}`,
    { ...expression.value.parameters, organisation: asked.organisation, from: asked.fromMs, to: asked.toMs },
    limits,
  );
  return { ok: true, rows: rows.map(({ name, n }) => ({ name, rows: Number(n) })) };
}

/** What an organisation sent in a period, for the evidence report. Days are `YYYY-MM-DD` in UTC. */
export interface CollectedLogs {
  readonly sources: readonly {
    readonly site: string;
    readonly service: string;
    readonly rows: number;
    readonly days: number;
    readonly lastDay: string;
  }[];
  /** Days of each site with any log. */
  readonly siteDays: ReadonlyMap<string, ReadonlySet<string>>;
  /** By outcome and reason of everything received: logs, spans, errors, metrics. */
  readonly outcomes: readonly {
    readonly signal: string;
    readonly outcome: string;
    readonly reason: string;
    readonly records: number;
  }[];
  readonly quarantined: number;
}

const sourcesAtMost = 5000;
const siteDaysAtMost = 400_000;

/** Reads it from the views that count what is stored, whatever left the engine since. Throws `StoreError`. */
export async function readCollected(
  reader: TelemetryReader,
  asked: { readonly organisation: string; readonly fromMs: number; readonly toMs: number },
  limits: QueryLimits = {},
): Promise<CollectedLogs> {
  const parameters = {
    organisation: asked.organisation,
    from: Math.floor(asked.fromMs / 1000),
    to: Math.floor(asked.toMs / 1000),
  };
  const within =
    'organisation = {organisation:String} AND minute >= toDateTime({from:UInt32}) AND minute < toDateTime({to:UInt32})';
  const wide = { ...limits, resultRows: siteDaysAtMost + sourcesAtMost };
  const [sources, days, outcomes, [quarantine]] = await Promise.all([
    reader.query<{ site: string; service: string; n: string; days: string; last: string }>(
      `SELECT toString(site) AS site, toString(service) AS service, toString(sum(records)) AS n, toString(uniqExact(toDate(minute))) AS days, toString(toDate(max(minute))) AS last
       FROM volume WHERE ${within} GROUP BY site, service ORDER BY site, service LIMIT ${sourcesAtMost}`,
      parameters,
      limits,
    ),
    reader.query<{ site: string; days: string[] }>(
      `SELECT toString(site) AS site, groupUniqArray(toString(toDate(minute))) AS days FROM volume WHERE ${within} GROUP BY site LIMIT ${sourcesAtMost}`,
      parameters,
      wide,
    ),
    reader.query<{ signal: string; outcome: string; reason: string; n: string }>(
      `SELECT toString(signal) AS signal, toString(outcome) AS outcome, toString(reason) AS reason, toString(sum(records)) AS n
       FROM ledger WHERE ${within} GROUP BY signal, outcome, reason ORDER BY signal, outcome, reason LIMIT 1000`,
      parameters,
      limits,
    ),
    reader.query<{ n: string }>(
      `SELECT toString(sum(records)) AS n FROM quarantine WHERE organisation = {organisation:String}
       AND received_at >= toDateTime64({from:UInt32}, 0) AND received_at < toDateTime64({to:UInt32}, 0)`,
      parameters,
      limits,
    ),
  ]);
  return {
    sources: sources.map(({ site, service, n, days: count, last }) => ({
      site,
      service,
      rows: Number(n),
      days: Number(count),
      lastDay: last,
    })),
    siteDays: new Map(days.map(({ site, days: all }) => [site, new Set(all)])),
    outcomes: outcomes.map(({ signal, outcome, reason, n }) => ({ signal, outcome, reason, records: Number(n) })),
    quarantined: Number(quarantine?.n ?? 0),
  };
}

/** How far the clocks of forwarding sites were off, of logs that are still in the engine; at most 31 days. Throws `StoreError`. */
export function readClockSkew(
  reader: TelemetryReader,
  asked: { readonly organisation: string; readonly fromMs: number; readonly toMs: number },
  limits: QueryLimits = {},
): Promise<{ site: string; least: number; most: number; rows: number }[]> {
  return reader.query(
    `SELECT toString(site) AS site, toFloat64(min(skew)) AS least, toFloat64(max(skew)) AS most, toFloat64(count()) AS rows
     FROM (SELECT site, toInt64OrZero(res['sightline.clock_skew_ms']) AS skew FROM logs
       WHERE organisation = {organisation:String} AND ts >= fromUnixTimestamp64Milli({from:Int64}) AND ts < fromUnixTimestamp64Milli({to:Int64})
         AND mapContains(res, 'sightline.clock_skew_ms'))
     GROUP BY site ORDER BY site LIMIT 1000`,
    { organisation: asked.organisation, from: Math.max(asked.fromMs, asked.toMs - 31 * 24 * hourMs), to: asked.toMs },
    limits,
  );
}

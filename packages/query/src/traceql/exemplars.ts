import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';

/** Which spans may be named, and how the metrics query groups them. */
export interface ExemplarsAsked {
  /** SQL on `spans`, with its bound values. */
  readonly filter: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** SQL of the texts that the series are grouped by. */
  readonly labels: readonly string[];
  /** SQL of the number that the function takes of a span; undefined where it counts. */
  readonly value: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly most: number;
}

export interface SpanExemplar {
  /** Of the series. */
  readonly labels: readonly string[];
  readonly value: number | undefined;
  readonly atMs: number;
  /** `trace:id` and `span:id` lead to the span; its name and service say what it is. */
  readonly spanLabels: readonly (readonly [name: string, value: string])[];
}

/**
 * Spans by chance from all over the range, each trace once, in order of time: as many stretches of whole steps as fit `most`, and of each
 * the same number. A sample's size does not grow with the spans that are read. Throws `StoreError`.
 */
export async function readExemplars(
  reader: TelemetryReader,
  { filter, parameters, labels, value, fromMs, toMs, stepMs, most }: ExemplarsAsked,
  limits: QueryLimits,
): Promise<SpanExemplar[]> {
  const rangeMs = Math.max(1, toMs - fromMs);
  const stretchMs = Math.max(1, Math.ceil(rangeMs / most / stepMs)) * stepMs;
  const stretches = Math.max(1, Math.ceil(rangeMs / stretchMs));
  // How many to keep is a constant of the statement; a number that we write out ourselves.
  const each = Math.max(1, Math.floor(most / stretches));
  const rows = await reader.query<{
    labels: string[];
    value: number;
    ms: string;
    trace: string;
    span: string;
    name: string;
    service: string;
  }>(
    `SELECT one.1 AS labels, one.2 AS value, toString(one.3) AS ms, lower(hex(one.4)) AS trace, lower(hex(one.5)) AS span, one.6 AS name, one.7 AS service
     FROM (SELECT arrayJoin(groupArraySample(${each}, 1)(tuple(CAST([${labels.join(', ')}] AS Array(String)), ${value ?? 'toFloat64(0)'}, toInt64(toUnixTimestamp64Milli(toDateTime64(ts, 3))),
         trace_id, span_id, toString(name), toString(service)))) AS one
       FROM spans PREWHERE ${filter} GROUP BY intDiv(toInt64(toUnixTimestamp64Milli(toDateTime64(ts, 3))) - {exemplarsFromMs:Int64}, {stretchMs:Int64}))
     ORDER BY one.3, span LIMIT {mostExemplars:UInt32}`,
    { ...parameters, exemplarsFromMs: fromMs, stretchMs, mostExemplars: most },
    limits,
  );
  const seen = new Set<string>();
  return rows
    .filter(({ trace }) => !seen.has(trace) && seen.add(trace))
    .map((row) => ({
      labels: row.labels,
      value: value === undefined ? undefined : row.value,
      atMs: Number(row.ms),
      spanLabels: [
        ['trace:id', row.trace],
        ['span:id', row.span],
        ['span:name', row.name],
        ['service.name', row.service],
      ],
    }));
}

import type { FieldValue, MatchedSet, MatchedTrace, TraceqlFound, TraceqlSeries } from '@sightline/query';

function anyValue(value: FieldValue): object {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { stringValue: value ?? 'nil' };
}

/** TraceQL writes `.name` and `span.name`; Tempo's answers name the attribute alone. */
const bare = (name: string): string =>
  name.replace(/^(?:parent\.)?(?:span|resource|event|link|instrumentation)?\.(?=.)/, '');

function attributesOf(values: Readonly<Record<string, FieldValue>>): object[] {
  return Object.entries(values).map(([name, value]) => ({ key: bare(name), value: anyValue(value) }));
}

function setOf({ matched, spans, values }: MatchedSet): object {
  return {
    spans: spans.map((span) => ({
      spanID: span.spanId,
      name: span.name,
      startTimeUnixNano: span.startNs,
      durationNanos: String(span.durationNs),
      attributes: attributesOf(span.values),
    })),
    matched,
    ...(Object.keys(values).length === 0
      ? {}
      : { attributes: Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) })) }),
  };
}

function traceOf(trace: MatchedTrace): object {
  const sets = trace.sets.map(setOf);
  return {
    traceID: trace.traceId.replace(/^0+(?=.)/, ''),
    rootServiceName: trace.rootServiceName,
    rootTraceName: trace.rootName,
    startTimeUnixNano: trace.startNs,
    durationMs: Math.floor(trace.durationMs),
    spanSet: sets[0],
    spanSets: sets,
    serviceStats: Object.fromEntries(
      Object.entries(trace.services).map(([name, { spans, errors }]) => [
        name,
        { spanCount: spans, ...(errors > 0 ? { errorCount: errors } : {}) },
      ]),
    ),
  };
}

/** `tempopb.SearchResponse` in JSON. */
export function searchReply({ traces, inspectedTraces, complete }: TraceqlFound): object {
  return {
    traces: traces.map(traceOf),
    metrics: { inspectedTraces, completedJobs: complete ? 1 : 0, totalJobs: 1 },
  };
}

function labelsOf({ labels }: TraceqlSeries): { labels: object[]; promLabels: string } {
  return {
    labels: labels.map(([key, value]) => ({
      key,
      value: typeof value === 'number' ? { doubleValue: value } : { stringValue: value },
    })),
    promLabels: `{${labels.map(([key, value]) => `${key}=${JSON.stringify(String(value))}`).join(', ')}}`,
  };
}

/** `tempopb.QueryRangeResponse` in JSON. */
export function rangeReply(series: readonly TraceqlSeries[]): object {
  return {
    series: series.map((one) => ({
      ...labelsOf(one),
      samples: one.samples.map(({ atMs, value }) => ({ timestampMs: String(atMs), value })),
      exemplars: one.exemplars.map(({ atMs, value, labels }) => ({
        labels: labels.map(([key, text]) => ({ key, value: { stringValue: text } })),
        value,
        timestampMs: String(atMs),
      })),
    })),
    metrics: { completedJobs: 1, totalJobs: 1 },
  };
}

/** `tempopb.QueryInstantResponse` in JSON: the one step of the range. */
export function instantReply(series: readonly TraceqlSeries[]): object {
  return {
    series: series.flatMap((one) => {
      const value = one.samples.at(-1)?.value;
      return value === undefined ? [] : [{ ...labelsOf(one), value }];
    }),
    metrics: { completedJobs: 1, totalJobs: 1 },
  };
}

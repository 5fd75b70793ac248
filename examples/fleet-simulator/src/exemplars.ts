import { type Attributes, type Context, type Histogram, trace, TraceFlags } from '@opentelemetry/api';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import { JsonMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { DataPointType, type PushMetricExporter, type ResourceMetrics } from '@opentelemetry/sdk-metrics';

/** A single measurement with the span it was taken in (https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exemplars). */
interface Exemplar {
  readonly value: number;
  readonly atMs: number;
  readonly traceId: string;
  readonly spanId: string;
}

const keptAtMost = 500;
const sendWithinMs = 10_000;

const seriesOf = (metric: string, attributes: Attributes): string =>
  `${metric} ${JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;

/**
 * The newest measurement of each bucket of each series since the last export: the reservoir that the specification suggests for histograms
 * with bounds. The JavaScript SDK keeps none so far, so this one stands beside it.
 */
export class ExemplarReservoir {
  readonly #kept = new Map<string, Map<number, Exemplar>>();
  #size = 0;

  /** A histogram that keeps exemplars of what is recorded within a sampled span. */
  watch(histogram: Histogram, metric: string, bounds: readonly number[]): Histogram {
    return {
      record: (value: number, attributes: Attributes = {}, within?: Context) => {
        histogram.record(value, attributes, within);
        const span = within && trace.getSpanContext(within);
        if (!span || (span.traceFlags & TraceFlags.SAMPLED) === 0) return;
        const bucket = bounds.findIndex((bound) => value <= bound);
        this.#keep(seriesOf(metric, attributes), bucket, {
          value,
          atMs: Date.now(),
          traceId: span.traceId,
          spanId: span.spanId,
        });
      },
    };
  }

  #keep(series: string, bucket: number, exemplar: Exemplar): void {
    const buckets = this.#kept.get(series) ?? new Map<number, Exemplar>();
    if (!buckets.has(bucket)) {
      if (this.#size >= keptAtMost) return;
      this.#size++;
    }
    buckets.set(bucket, exemplar);
    this.#kept.set(series, buckets);
  }

  get empty(): boolean {
    return this.#size === 0;
  }

  /**
   * The metrics as an `ExportMetricsServiceRequest` in JSON, with the exemplars at their histograms' points, which are let go by that.
   */
  written(metrics: ResourceMetrics): string {
    const request = JSON.parse(new TextDecoder().decode(JsonMetricsSerializer.serializeRequest(metrics))) as Request;
    for (const [i, { metrics: all }] of metrics.scopeMetrics.entries()) {
      for (const [j, metric] of all.entries()) {
        if (metric.dataPointType !== DataPointType.HISTOGRAM) continue;
        const points = request.resourceMetrics[0]?.scopeMetrics[i]?.metrics[j]?.histogram?.dataPoints ?? [];
        for (const [k, { attributes }] of metric.dataPoints.entries()) {
          const kept = this.#kept.get(seriesOf(metric.descriptor.name, attributes));
          const point = points[k];
          if (!kept || !point) continue;
          point.exemplars = [...kept.values()].map(({ value, atMs, traceId, spanId }) => ({
            asDouble: value,
            timeUnixNano: `${atMs}000000`,
            traceId,
            spanId,
          }));
        }
      }
    }
    this.#kept.clear();
    this.#size = 0;
    return JSON.stringify(request);
  }
}

interface Request {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly { readonly histogram?: { readonly dataPoints: { exemplars?: unknown }[] } }[];
    }[];
  }[];
}

/** Lets an exporter send the reservoir's exemplars with its metrics; nothing is sent while `silent` says so. */
export function exportWithExemplars(
  exporter: PushMetricExporter,
  reservoir: ExemplarReservoir,
  to: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  silent: () => boolean,
): void {
  const send = exporter.export.bind(exporter);
  exporter.export = (metrics, done) => {
    if (silent()) done({ code: ExportResultCode.SUCCESS });
    else if (reservoir.empty) send(metrics, done);
    else void post(reservoir.written(metrics), to, done);
  };
}

/** Posts a request; `done` hears how it ended, once. */
async function post(
  body: string,
  to: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  done: (result: ExportResult) => void,
): Promise<void> {
  let result: ExportResult = { code: ExportResultCode.SUCCESS };
  try {
    const reply = await fetch(to.url, {
      method: 'POST',
      headers: { ...to.headers, 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(sendWithinMs),
    });
    await reply.arrayBuffer();
    if (!reply.ok)
      result = { code: ExportResultCode.FAILED, error: new Error(`metrics were answered with ${reply.status}`) };
  } catch (error) {
    result = { code: ExportResultCode.FAILED, error: error instanceof Error ? error : new Error(String(error)) };
  }
  done(result);
}

import { ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { ExemplarReservoir } from './exemplars.ts';

const within = (spanId: string, traceFlags = TraceFlags.SAMPLED) =>
  trace.setSpanContext(ROOT_CONTEXT, { traceId: 'ab'.repeat(16), spanId: spanId.repeat(8), traceFlags });

test('the newest measurement of each bucket goes with its point, once', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const reservoir = new ExemplarReservoir();
  const bounds = [0.1, 1];
  const histogram = reservoir.watch(
    provider.getMeter('pos').createHistogram('d', { advice: { explicitBucketBoundaries: bounds } }),
    'd',
    bounds,
  );
  expect(reservoir.empty).toBe(true);
  histogram.record(0.05, { route: '/a' }, within('01'));
  histogram.record(0.06, { route: '/a' }, within('02'));
  histogram.record(7, { route: '/a' }, within('03'));
  histogram.record(0.5, { route: '/b' }, within('04', TraceFlags.NONE));
  histogram.record(0.5, { route: '/b' });
  await reader.forceFlush();
  const [metrics] = exporter.getMetrics();
  if (!metrics) throw new Error('nothing was collected');
  const points = (text: string) =>
    JSON.parse(text).resourceMetrics[0].scopeMetrics[0].metrics[0].histogram.dataPoints.map(
      (point: { exemplars?: { asDouble: number; spanId: string }[] }) =>
        (point.exemplars ?? []).map(({ asDouble, spanId }) => `${asDouble} ${spanId.slice(0, 2)}`),
    );
  expect(points(reservoir.written(metrics))).toEqual([['0.06 02', '7 03'], []]);
  expect(reservoir.empty).toBe(true);
  expect(points(reservoir.written(metrics))).toEqual([[], []]);
  await provider.shutdown();
});

export { listMetricLabels, listMetrics, type MetricInfo, scopeMatchers } from './list-metrics.ts';
export {
  metricAggregates,
  queryMetric,
  type MetricAggregate,
  type MetricAnswer,
  type MetricFault,
  type MetricQuery,
  type MetricSeries,
} from './query-metric.ts';
export { timeGrid, type TimeGrid } from './time-grid.ts';

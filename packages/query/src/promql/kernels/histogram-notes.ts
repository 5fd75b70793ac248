/** What is said of histograms in annotations, in Prometheus' words. */
const quoted = (metric: string): string => JSON.stringify(metric);

export function mixedKinds(metric: string): string {
  return `encountered a mix of histograms and floats for metric name ${quoted(metric)}`;
}
export function mixedSchemas(metric: string): string {
  return `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quoted(metric)}`;
}
export function notACounter(metric: string): string {
  return `this native histogram metric is not a counter: ${quoted(metric)}`;
}
export function notAGauge(metric: string): string {
  return `this native histogram metric is not a gauge: ${quoted(metric)}`;
}

type Combining = 'addition' | 'subtraction' | 'aggregation';

export function boundsReconciled(during: Combining): string {
  return `mismatched custom buckets were reconciled during ${during}`;
}
export function hintsCollide(during: Combining): string {
  return `conflicting counter resets during histogram ${during}`;
}

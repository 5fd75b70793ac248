import { fail, type Result } from '@sightline/base';
import { evaluatePromql, parsePromql, type Answer, type QueryFault, type SeriesSource } from '@sightline/query/promql';
import type { QueryJob } from './messages.ts';

/** Parses and evaluates a query over `source`. */
export async function evaluateJob(
  job: QueryJob,
  source: SeriesSource,
  signal: AbortSignal,
): Promise<Result<Answer, QueryFault>> {
  const parsed = parsePromql(job.expression);
  if (!parsed.ok) return fail({ kind: 'bad_data', message: parsed.error.message });
  const { expression: text, startMs, endMs, stepMs, lookbackMs, bounds, staleMarks } = job;
  if (stepMs !== undefined && !(stepMs > 0)) {
    const message = 'zero or negative query resolution step widths are not accepted. Try a positive integer';
    return fail({ kind: 'bad_data', message });
  }
  return evaluatePromql(
    parsed.value,
    { text, startMs, endMs, stepMs: stepMs ?? 0, lookbackMs, bounds, staleMarks, signal },
    source,
  );
}

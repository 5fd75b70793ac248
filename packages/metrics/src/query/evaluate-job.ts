import { fail, type Result } from '@sightline/base';
import { parsePromql, type Answer, type QueryFault, type SeriesSource } from '@sightline/query/promql';
import type { QueryJob } from './messages.ts';

/** Parses and evaluates a query over `source`. */
export async function evaluateJob(
  job: QueryJob,
  source: SeriesSource,
  signal: AbortSignal,
): Promise<Result<Answer, QueryFault>> {
  await Promise.resolve([source, signal]);
  const parsed = parsePromql(job.expression);
  if (!parsed.ok) return fail({ kind: 'bad_data', message: parsed.error.message });
  return fail({ kind: 'internal', message: 'the evaluator is not there yet' });
}

import { queryMetrics } from '@sightline/contract';
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { call, type CallInput, type ProblemError, type Reply } from '../data/call.ts';

export type ColumnsQuestion = NonNullable<CallInput<typeof queryMetrics>['body']>;

/** Charts that move on leave their old answers behind: these go soon. */
const keptMs = 30_000;

/**
 * Evaluates PromQL. The same question is asked once for all that ask it; while a new window loads, the old answer stays.
 * Nothing is asked where the question is undefined.
 */
export function useColumns(
  question: ColumnsQuestion | undefined,
): UseQueryResult<Reply<typeof queryMetrics>, ProblemError> {
  return useQuery<Reply<typeof queryMetrics>, ProblemError>({
    queryKey: [queryMetrics.path, question ?? null],
    queryFn: async ({ signal }) => {
      if (question === undefined) throw new Error('nothing is asked');
      return call(queryMetrics, { body: question }, signal);
    },
    enabled: question !== undefined,
    gcTime: keptMs,
    placeholderData: keepPreviousData,
  });
}

import type { Endpoint } from '@sightline/contract';
import {
  keepPreviousData,
  QueryClient,
  useMutation,
  useQuery,
  useQueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from '@tanstack/react-query';
import { call, type CallInput, type ProblemError, type Reply } from './call.ts';

/** How a question behaves on the page. */
export interface AskOptions<R = unknown> {
  /** False: do not ask yet. */
  readonly when?: boolean;
  /** Ask again every so many ms while the tab is seen; as a function of the last answer, false for no more. */
  readonly everyMs?: number | ((reply: R | undefined) => number | false);
  /** False: show a skeleton for a new question instead of the old answer. Default true. */
  readonly keepOld?: boolean;
}

/** One for the page: answers live 5 minutes, passing faults are asked again twice. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 300_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && (error as ProblemError).passing,
      retryDelay: (failure) => Math.min(1000 * 2 ** failure, 8000),
    },
  },
});

/**
 * Asks an endpoint that reads. Hand it the scope where the endpoint takes one:
 * `useAsk(searchLogs, { query: { ...query, q } })`. While a new window loads, the old answer stays (`isPlaceholderData`).
 */
export function useAsk<E extends Endpoint>(
  endpoint: E,
  input: CallInput<E> = {},
  options: AskOptions<Reply<E>> = {},
): UseQueryResult<Reply<E>, ProblemError> {
  const { everyMs } = options;
  return useQuery<Reply<E>, ProblemError>({
    queryKey: [endpoint.path, input.params ?? null, input.query ?? null],
    queryFn: async ({ signal }) => call(endpoint, input, signal),
    enabled: options.when ?? true,
    ...(everyMs === undefined
      ? {}
      : {
          refetchInterval:
            typeof everyMs === 'number'
              ? everyMs
              : ({ state }: { state: { data: Reply<E> | undefined } }) => everyMs(state.data),
        }),
    ...(options.keepOld === false ? {} : { placeholderData: keepPreviousData }),
  } as Parameters<typeof useQuery<Reply<E>, ProblemError>>[0]);
}

/**
 * An endpoint that changes something: `const change = useAct(changeIssue, [listIssues, getIssue])`, then
 * `change.mutate({ params, body })`. The named endpoints are asked again when it succeeded.
 */
export function useAct<E extends Endpoint>(
  endpoint: E,
  asksAgain: readonly Endpoint[] = [],
): UseMutationResult<Reply<E>, ProblemError, CallInput<E>> {
  const client = useQueryClient();
  return useMutation<Reply<E>, ProblemError, CallInput<E>>({
    mutationFn: async (input) => call(endpoint, input),
    onSuccess: async () => {
      await Promise.all(asksAgain.map(async (e) => client.invalidateQueries({ queryKey: [e.path] })));
    },
  });
}

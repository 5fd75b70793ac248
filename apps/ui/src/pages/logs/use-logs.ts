import { searchLogs, type LogRow } from '@sightline/contract';
import { keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import type { ScopeQuery } from '../../data/scope.ts';

const pageRows = 200;
const none: readonly string[] = [];

export interface LogPages {
  readonly rows: readonly LogRow[];
  readonly words: readonly string[];
  readonly tookMs: number;
  readonly loading: boolean;
  readonly stale: boolean;
  readonly error: ProblemError | null;
  readonly more: boolean;
  readonly loadingMore: boolean;
  readonly loadMore: () => void;
  readonly again: () => void;
  /** How far the search came where it reads the archive. */
  readonly reached: Reply<typeof searchLogs>['reached'];
  /** True while the search goes on by itself because a page ended before it was full. */
  readonly goingOn: boolean;
  /** Somebody stopped it. */
  readonly stopped: boolean;
  readonly stop: () => void;
  readonly goOn: () => void;
}

export interface LogsAsked {
  readonly q: string;
  readonly order: 'newest' | 'oldest';
  /** Whether the search goes on in the archive. */
  readonly archive: boolean;
  readonly when: boolean;
}

/** Logs of the scope that match, page after page by cursor. */
export function useLogs(scope: ScopeQuery, { q, order, archive, when }: LogsAsked): LogPages {
  const client = useQueryClient();
  const queryKey = [searchLogs.path, 'pages', scope, q, order, archive];
  const keyText = JSON.stringify(queryKey);
  const [stoppedKey, setStoppedKey] = useState('');
  const stopped = stoppedKey === keyText;
  const asked = useInfiniteQuery({
    queryKey,
    queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam: string }) =>
      call(
        searchLogs,
        { query: { ...scope, q, order, limit: pageRows, cursor: pageParam, archive: archive ? 'true' : 'false' } },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (last: Reply<typeof searchLogs>) => (last.next === '' ? undefined : last.next),
    enabled: when && !stopped,
    placeholderData: keepPreviousData,
  });
  const pages = asked.data?.pages;
  const rows = useMemo(() => pages?.flatMap((page) => page.rows) ?? [], [pages]);
  const { hasNextPage, isFetching, isPlaceholderData, fetchNextPage } = asked;
  const last = isPlaceholderData ? undefined : pages?.at(-1);
  // A bound of the server ended the page: the search goes on until it is full.
  const short = last?.reached?.done === false && last.next.startsWith('@');
  const goesOn = short && hasNextPage && !stopped && when;
  useEffect(() => {
    if (goesOn && !isFetching) void fetchNextPage();
  }, [goesOn, isFetching, fetchNextPage]);
  return {
    rows,
    words: pages?.[0]?.words ?? none,
    tookMs: pages?.[0]?.tookMs ?? 0,
    loading: asked.isPending && when && !stopped,
    stale: isPlaceholderData,
    error: asked.error as ProblemError | null,
    more: hasNextPage && !isPlaceholderData,
    loadingMore: asked.isFetchingNextPage,
    loadMore: () => {
      if (!isFetching && !stopped) void fetchNextPage();
    },
    again: () => void asked.refetch(),
    reached: last?.reached,
    goingOn: goesOn || (archive && isFetching),
    stopped,
    stop: () => {
      setStoppedKey(keyText);
      void client.cancelQueries({ queryKey });
    },
    goOn: () => setStoppedKey(''),
  };
}

import { searchLogs, type LogRow } from '@sightline/contract';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
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
}

/** Logs of the scope that match, page after page by cursor. */
export function useLogs(scope: ScopeQuery, q: string, order: 'newest' | 'oldest', when: boolean): LogPages {
  const asked = useInfiniteQuery({
    queryKey: [searchLogs.path, 'pages', scope, q, order],
    queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam: string }) =>
      call(searchLogs, { query: { ...scope, q, order, limit: pageRows, cursor: pageParam } }, signal),
    initialPageParam: '',
    getNextPageParam: (last: Reply<typeof searchLogs>) => (last.next === '' ? undefined : last.next),
    enabled: when,
    placeholderData: keepPreviousData,
  });
  const pages = asked.data?.pages;
  const rows = useMemo(() => pages?.flatMap((page) => page.rows) ?? [], [pages]);
  return {
    rows,
    words: pages?.[0]?.words ?? none,
    tookMs: pages?.[0]?.tookMs ?? 0,
    loading: asked.isPending && when,
    stale: asked.isPlaceholderData,
    error: asked.error as ProblemError | null,
    more: asked.hasNextPage && !asked.isPlaceholderData,
    loadingMore: asked.isFetchingNextPage,
    loadMore: () => {
      if (!asked.isFetching) void asked.fetchNextPage();
    },
    again: () => void asked.refetch(),
  };
}

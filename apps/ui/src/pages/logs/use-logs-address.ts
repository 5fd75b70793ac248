import { useCallback, useMemo } from 'react';
import { useAddress } from '../../data/address.ts';
import { readColumns } from './columns.ts';

/** What the address of the logs page says, and how it is changed. */
export interface LogsAddress {
  readonly q: string;
  /** The opened line; '' for none. */
  readonly openId: string;
  readonly order: 'newest' | 'oldest';
  readonly tailing: boolean;
  /** Patterns are shown instead of lines. */
  readonly grouping: boolean;
  /** Last week's volume stands beside this one's. */
  readonly comparing: boolean;
  /** What stands on the page goes on in the archive. */
  readonly far: boolean;
  readonly columns: readonly string[] | undefined;
  readonly setSearch: ReturnType<typeof useAddress>['setSearch'];
  readonly setQuery: (q: string) => void;
  /** Opens a line; the first one is a step that the browser's back button undoes. */
  readonly open: (id: string) => void;
}

/** Search, opened line, order, view and columns: everything that a shared link must bring back. */
export function useLogsAddress(): LogsAddress {
  const { search, setSearch } = useAddress();
  const columnsText = search['columns'];
  const columns = useMemo(() => readColumns(columnsText), [columnsText]);
  const openId = search['row'] ?? '';
  const tailing = search['tail'] === '1';
  return {
    q: search['q'] ?? '',
    openId,
    order: search['order'] === 'oldest' ? 'oldest' : 'newest',
    tailing,
    grouping: search['view'] === 'patterns' && !tailing,
    comparing: search['compare'] === 'week',
    far: search['archive'] === '1' && !tailing,
    columns,
    setSearch,
    setQuery: useCallback((q: string) => setSearch({ q, row: '' }, { push: true }), [setSearch]),
    open: useCallback((id: string) => setSearch({ row: id }, { push: openId === '' }), [setSearch, openId]),
  };
}

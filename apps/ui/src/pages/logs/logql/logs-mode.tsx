import { SegmentedControl } from '@mantine/core';
import type { ReactNode } from 'react';
import { useAddress } from '../../../data/address.ts';

/** The search language or LogQL: which of them stands in the address (`?mode=logql`). What is asked in one means nothing in the other. */
export function LogsMode(): ReactNode {
  const { search, setSearch } = useAddress();
  return (
    <SegmentedControl
      size="xs"
      aria-label="How to ask for logs"
      data={[
        { value: 'search', label: 'Search' },
        { value: 'logql', label: 'LogQL' },
      ]}
      value={search['mode'] === 'logql' ? 'logql' : 'search'}
      onChange={(mode) =>
        setSearch(
          { mode: mode === 'logql' ? mode : '', q: '', row: '', tail: '', view: '', archive: '', limit: '' },
          { push: true },
        )
      }
    />
  );
}

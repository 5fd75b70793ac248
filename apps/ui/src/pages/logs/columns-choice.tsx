import { Popover, TagsInput } from '@mantine/core';
import { logFields } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { useAsk } from '../../data/ask.ts';
import { useScope } from '../../data/scope.ts';
import { mostColumns } from './columns.ts';

const own = [
  'site',
  'service',
  'severity',
  'device',
  'environment',
  'release',
  'trace',
  'span',
  'correlation',
  'event',
];

interface ColumnsChoiceProps {
  readonly columns: readonly string[] | undefined;
  /** Called with the names as the address has them; '' for the usual ones. */
  readonly onColumns: (columns: string) => void;
}

/** Which fields stand before the message. */
export function ColumnsChoice({ columns, onColumns }: ColumnsChoiceProps): ReactNode {
  const [opened, setOpened] = useState(false);
  const { query } = useScope();
  const known = useAsk(logFields, { query }, { when: opened });
  const offers = [...new Set([...own, ...(known.data?.fields ?? [])])].filter((name) => !name.includes(','));
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={320} trapFocus>
      <Popover.Target>
        <button type="button" className="plain-button" onClick={() => setOpened((now) => !now)}>
          Columns{columns === undefined ? '' : ` (${columns.length})`}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <TagsInput
          label="Columns before the message"
          description={`At most ${mostColumns}; without any, site and service`}
          data={offers.slice(0, 200)}
          value={[...(columns ?? [])]}
          maxTags={mostColumns}
          onChange={(names) => onColumns(names.join(','))}
          comboboxProps={{ withinPortal: false }}
          clearable
        />
      </Popover.Dropdown>
    </Popover>
  );
}

import type { ReactNode } from 'react';
import { changeText } from '../../charts/last-week.ts';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { ColumnsChoice } from './columns-choice.tsx';
import type { Volume } from './logs-volume.tsx';
import type { Find } from './use-find.ts';
import type { LogsAddress } from './use-logs-address.ts';

interface Props {
  readonly address: LogsAddress;
  readonly volume: Volume;
  /** How long the search took; 0 while it is not known. */
  readonly tookMs: number;
  readonly find: Find;
}

/** Above the lines: how many there are, and how they are shown. */
export function LogsCount({ address, volume, tookMs, find }: Props): ReactNode {
  const { order, grouping, comparing, columns, setSearch } = address;
  const { now, before, canCompare, compared } = volume;
  return (
    <div className="logs-count muted">
      {now.data !== undefined && !grouping && (
        <span>
          {formatCount(now.data.total)} lines
          {now.data.reached?.done === false && ' in the part that was counted'}
          {tookMs > 0 && ` · ${formatDuration(tookMs)}`}
        </span>
      )}
      {compared && now.data !== undefined && !grouping && (
        <span role="status">
          {before.error !== null
            ? `Last week could not be counted. ${before.error.detail}`
            : before.data !== undefined && changeText(now.data.total, before.data.total)}
        </span>
      )}
      <span className="grow" />
      <button
        type="button"
        className="plain-button"
        aria-pressed={comparing}
        disabled={!canCompare}
        title={canCompare ? undefined : 'The steps of so long a range do not divide a week'}
        onClick={() => setSearch({ compare: comparing ? '' : 'week' })}
      >
        Last week
      </button>
      <button
        type="button"
        className="plain-button"
        aria-pressed={grouping}
        onClick={() => setSearch({ view: grouping ? '' : 'patterns', row: '' }, { push: true })}
      >
        {grouping ? 'Show lines' : 'Show patterns'}
      </button>
      {!grouping && (
        <>
          <button
            type="button"
            className="plain-button"
            title="In the lines that are loaded (Ctrl F)"
            aria-pressed={find.asked !== undefined}
            onClick={find.toggle}
          >
            Find
          </button>
          <ColumnsChoice columns={columns} onColumns={(next) => setSearch({ columns: next })} />
          <button
            type="button"
            className="plain-button"
            onClick={() => setSearch({ order: order === 'newest' ? 'oldest' : '' })}
          >
            {order === 'newest' ? 'Newest first' : 'Oldest first'}
          </button>
        </>
      )}
    </div>
  );
}

import type { SiteSummary } from '@sightline/contract';
import {
  createColumnHelper,
  createSortedRowModel,
  FlexRender,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  type Row,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useMemo, useRef, type ReactNode } from 'react';
import { compactNumber, percent } from '../../components/number-text.ts';
import { StateBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { troubleText } from '../../components/trouble-text.ts';
import { useAddress } from '../../data/address.ts';
import { Go } from '../../shell/go.tsx';
import { urgency } from './fleet-sentence.ts';

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
});
const helper = createColumnHelper<typeof features, SiteSummary>();

/** Not known sorts below every number. */
const known = (value: number | null): number => value ?? -1;
const dash = <span className="muted">–</span>;

function share(value: number | null, isHigh: (v: number) => boolean): ReactNode {
  if (value === null) return dash;
  return <span className={isHigh(value) ? 'high' : undefined}>{percent(value)}</span>;
}

const columns = helper.columns([
  helper.accessor('code', {
    header: 'Store',
    sortFn: 'alphanumeric',
    cell: ({ row }) => <Go to={`/sites/${encodeURIComponent(row.original.code)}`}>{row.original.code}</Go>,
  }),
  helper.accessor((s) => urgency(s.state) * 10 + (s.state === 'offline' ? 1 : 0), {
    id: 'state',
    header: 'State',
    sortFn: 'basic',
    cell: ({ row }) => <StateBadge state={row.original.state} />,
  }),
  helper.accessor(troubleText, { id: 'worst', header: 'Worst', sortFn: 'alphanumeric' }),
  helper.accessor('release', { header: 'Version', sortFn: 'alphanumeric' }),
  helper.accessor((s) => known(s.lastSeenAt), {
    id: 'lastSeen',
    header: 'Last seen',
    sortFn: 'basic',
    cell: ({ row }) =>
      row.original.lastSeenAt === null ? 'never' : <TimeText at={row.original.lastSeenAt} show="relative" />,
  }),
  helper.accessor((s) => known(s.cpu), {
    id: 'cpu',
    header: 'CPU',
    sortFn: 'basic',
    cell: ({ row }) => share(row.original.cpu, (v) => v > 0.9),
  }),
  helper.accessor((s) => known(s.disk), {
    id: 'disk',
    header: 'Disk',
    sortFn: 'basic',
    cell: ({ row }) => share(row.original.disk, (v) => v > 0.9),
  }),
  helper.accessor((s) => known(s.queue), {
    id: 'queue',
    header: 'Queue',
    sortFn: 'basic',
    cell: ({ row }) => (row.original.queue === null ? dash : compactNumber(row.original.queue)),
  }),
  helper.accessor('p95Ms', {
    header: 'p95, ms',
    sortFn: 'basic',
    cell: ({ row }) => (
      <span className={row.original.p95Ms > 1000 ? 'high' : undefined}>{compactNumber(row.original.p95Ms, 0)}</span>
    ),
  }),
  helper.accessor('errorsPerMin', {
    header: 'Errors/min',
    sortFn: 'basic',
    cell: ({ row }) => compactNumber(row.original.errorsPerMin),
  }),
  helper.accessor('errorRate', {
    header: 'Failing',
    sortFn: 'basic',
    cell: ({ row }) => share(row.original.errorRate, (v) => v > 0.05),
  }),
  helper.accessor((s) => known(s.paymentSuccess), {
    id: 'payments',
    header: 'Payments ok',
    sortFn: 'basic',
    cell: ({ row }) => share(row.original.paymentSuccess, (v) => v < 0.95),
  }),
]);
const texts = new Set(['code', 'state', 'worst', 'release', 'lastSeen']);
const rowHeight = 28;

/** Every number of every store; a press on a head sorts, the sorting stands in the address (`sort=-p95Ms`). */
export default function FleetTable({ sites }: { sites: readonly SiteSummary[] }): ReactNode {
  const { search, setSearch } = useAddress();
  const sort = search['sort'] ?? 'code';
  const sorting = useMemo(() => [{ id: sort.replace(/^-/, ''), desc: sort.startsWith('-') }], [sort]);
  const table = useTable({ features, columns, data: sites, state: { sorting } });
  const rows = table.getRowModel().rows;
  const box = useRef<HTMLDivElement>(null);
  // The rule speaks for a compiler that this build does not use.
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  function sortBy(id: string): void {
    const up = sort === id;
    const down = sort === `-${id}`;
    // Numbers are asked for their largest first, words from A.
    const next = texts.has(id) && id !== 'state' ? (up ? `-${id}` : id) : down ? id : `-${id}`;
    setSearch({ sort: next === 'code' ? '' : next });
  }
  return (
    <div className="fleet-table" data-keeps-place="stores" ref={box} tabIndex={-1}>
      <table className="table" aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {table.getHeaderGroups()[0]?.headers.map((header) => {
              const on = sorting[0]?.id === header.column.id;
              const down = sorting[0]?.desc === true;
              return (
                <th
                  key={header.id}
                  scope="col"
                  className={texts.has(header.column.id) ? undefined : 'number'}
                  aria-sort={on ? (down ? 'descending' : 'ascending') : undefined}
                >
                  <button type="button" onClick={() => sortBy(header.column.id)}>
                    {String(header.column.columnDef.header)}
                    {on ? (down ? ' ↓' : ' ↑') : ''}
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return <StoreRow key={row.original.code} row={row} index={item.index} start={item.start} />;
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Scrolling moves rows without drawing their cells again. */
const StoreRow = memo(function StoreRow(props: {
  row: Row<typeof features, SiteSummary>;
  index: number;
  start: number;
}): ReactNode {
  const { row, index, start } = props;
  return (
    <tr aria-rowindex={index + 2} style={{ transform: `translateY(${start}px)` }}>
      {row.getAllCells().map((cell) => (
        <td key={cell.id} className={texts.has(cell.column.id) ? undefined : 'number'}>
          <FlexRender cell={cell} />
        </td>
      ))}
    </tr>
  );
});

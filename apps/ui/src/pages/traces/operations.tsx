import { Button, SegmentedControl } from '@mantine/core';
import { listOperations, redOverTime, type OperationRow } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { Drawer } from '../../components/drawer.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { useScope } from '../../data/scope.ts';
import { writeFilter } from '../../search/query-edit.ts';
import { Go, useGo } from '../../shell/go.tsx';
import { Courses } from './courses.tsx';
import { CutNote, type ExtraColumn, FiguresTable, useFigureSort, type Figures } from './figures-table.tsx';
import { LatencyExamples } from './latency-examples.tsx';

const idOf = (row: OperationRow): string => `${row.service} ${row.operation}`;

const whatColumns: readonly ExtraColumn<OperationRow>[] = [
  {
    title: 'Operation',
    show: (row) => (
      <button type="button" className="plain-link operation-name" title={row.operation}>
        {row.operation || '(unnamed)'}
      </button>
    ),
  },
  { title: 'Service', show: (row) => row.service || '(unnamed)' },
];
const slowestColumn: readonly ExtraColumn<OperationRow>[] = [
  { title: 'p99', number: true, show: (row) => formatDuration(row.p99Ms) },
];

const mostRows = 200;

/** Rate, errors and duration of every operation; the endpoints alone unless all are asked for. */
export function Operations(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query } = useScope();
  const go = useGo();
  const sort = useFigureSort();
  const entry = search['all'] === '1' ? 'false' : 'true';
  const { data, error, isPending, refetch } = useAsk(listOperations, {
    query: { ...query, entry, sort, limit: mostRows },
  });
  if (isPending) return <SkeletonRows rows={14} height={32} />;
  if (data === undefined) return error === null ? null : <ErrorState error={error} again={() => void refetch()} />;
  const rows = data.operations;
  const opened = rows.find((row) => idOf(row) === search['operation']);
  const step = (by: number): (() => void) | undefined => {
    const next = opened && rows[rows.indexOf(opened) + by];
    return next && (() => setSearch({ operation: idOf(next) }));
  };
  return (
    <>
      <div className="page-head">
        <SegmentedControl
          size="xs"
          aria-label="Which operations"
          value={entry === 'true' ? 'entry' : 'all'}
          data={[
            { value: 'entry', label: 'Endpoints' },
            { value: 'all', label: 'All operations' },
          ]}
          onChange={(value) => setSearch({ all: value === 'all' ? '1' : '' })}
        />
        <span className="muted">The most time first: where an improvement pays most.</span>
      </div>
      {rows.length === 0 ? (
        <EmptyState
          compact
          title="No operation in this range"
          text="Operations appear as soon as spans of this scope arrive."
          action={<Button onClick={() => go('/data')}>Send data</Button>}
        />
      ) : (
        <>
          {search['operation'] !== undefined && opened === undefined && (
            <p className="muted" role="status">
              {search['operation']} is not among {entry === 'true' ? 'the endpoints' : 'the operations'} of this range
              and order.
            </p>
          )}
          <FiguresTable
            label="Table of operations"
            rows={rows}
            idOf={idOf}
            opened={opened && idOf(opened)}
            open={(row) => setSearch({ operation: idOf(row) }, { push: true })}
            before={whatColumns}
            after={slowestColumn}
          />
          <CutNote rows={rows.length} most={mostRows} />
        </>
      )}
      {opened && (
        <Drawer
          title={opened.operation || '(unnamed)'}
          label={`Operation ${opened.operation} of ${opened.service}`}
          onClose={() => setSearch({ operation: '' })}
          onNext={step(1)}
          onPrevious={step(-1)}
        >
          <OperationDetail row={opened} />
        </Drawer>
      )}
    </>
  );
}

/** The figures of a group in one line of facts. */
export function FigureFacts({
  figures,
}: {
  figures: Figures & { readonly errors: number; readonly p99Ms: number };
}): ReactNode {
  return (
    <p className="muted">
      {formatCount(figures.calls)} calls ({formatCount(figures.callsPerMin)}/min), {formatCount(figures.errors)} failed;
      p50 {formatDuration(figures.p50Ms)}, p95 {formatDuration(figures.p95Ms)}, p99 {formatDuration(figures.p99Ms)}.
    </p>
  );
}

function OperationDetail({ row }: { row: OperationRow }): ReactNode {
  const { query } = useScope();
  const { data, error, isPending, refetch } = useAsk(redOverTime, {
    query: { ...query, service: row.service, operation: row.operation, points: 60 },
  });
  const named = writeFilter('name', row.operation, false);
  return (
    <div className="drawer-parts">
      <FigureFacts figures={row} />
      {isPending && <SkeletonRows rows={3} height={36} />}
      {error !== null && data === undefined && <ErrorState error={error} again={() => void refetch()} />}
      {data !== undefined && <Courses points={data.points} />}
      <LatencyExamples query={{ ...query, service: row.service }} operation={row.operation} slowerThanMs={row.p95Ms} />
      <nav className="ways-on" aria-label="Ways on">
        <Go to="/traces" search={{ service: row.service, q: named, view: '', operation: '' }}>
          Its traces
        </Go>
        <Go to="/traces" search={{ service: row.service, q: `${named} status:error`, view: '', operation: '' }}>
          Its failures
        </Go>
        <Go to="/traces" search={{ service: row.service, view: 'latency', operation: row.operation }}>
          Its latency over time
        </Go>
        <Go to="/logs" search={{ service: row.service }}>
          Logs of {row.service}
        </Go>
        <Go to="/errors" search={{ service: row.service }}>
          Errors of {row.service}
        </Go>
      </nav>
    </div>
  );
}

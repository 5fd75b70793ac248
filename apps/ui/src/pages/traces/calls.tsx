import { Button } from '@mantine/core';
import { callDetail, listCalls, type CallRow } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { writeFilter } from '../../search/query-edit.ts';
import { Drawer } from '../../components/drawer.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { useScope } from '../../data/scope.ts';
import { Go, useGo } from '../../shell/go.tsx';
import { Courses } from './courses.tsx';
import { ExampleList } from './example-list.tsx';
import { CutNote, type ExtraColumn, Failures, FiguresTable, useFigureSort } from './figures-table.tsx';
import { FigureFacts } from './operations.tsx';

type CallKind = 'db' | 'external';

const words: Readonly<Record<CallKind, { what: string; peer: string; empty: string; teach: string }>> = {
  db: {
    what: 'Query',
    peer: 'Database',
    empty: 'No database query in this range',
    teach: 'Client spans that name a database (db.system.name, db.query.text) are grouped here, literals folded.',
  },
  external: {
    what: 'Call',
    peer: 'Host',
    empty: 'No external call in this range',
    teach: 'Client spans to hosts that send no spans themselves are grouped here by host.',
  },
};

const viewOf: Readonly<Record<CallRow['call'], string>> = {
  db: 'database',
  external: 'external',
  queue: 'queues',
  ai: 'ai',
};

const idOf = (row: CallRow): string => `${row.peer} ${row.statement}`;

const columnsOf = (call: CallKind): readonly ExtraColumn<CallRow>[] => [
  {
    title: words[call].what,
    show: (row) => (
      <button type="button" className={`plain-link statement ${call === 'db' ? 'code' : ''}`} title={row.statement}>
        {row.statement || row.action || '(unnamed)'}
      </button>
    ),
  },
  { title: words[call].peer, show: (row) => row.peer },
  { title: 'Callers', show: (row) => <span className="callers">{row.services.join(', ')}</span> },
];
const columns = { db: columnsOf('db'), external: columnsOf('external') } as const;

const mostRows = 200;
const mostCallers = 10;
/** The newest calls, of which the server tells the callers. */
const calledOf = 5000;
/** As many as the server answers. */
const allCallers = 50;

/** Slow database queries, or calls to hosts outside: grouped, the most time first. */
export function Calls({ call }: { call: CallKind }): ReactNode {
  const { search, setSearch } = useAddress();
  const { query } = useScope();
  const go = useGo();
  const sort = useFigureSort();
  const { data, error, isPending, refetch } = useAsk(listCalls, { query: { ...query, call, sort, limit: mostRows } });
  if (isPending) return <SkeletonRows rows={14} height={32} />;
  if (data === undefined) return error === null ? null : <ErrorState error={error} again={() => void refetch()} />;
  const { rows } = data;
  const word = words[call];
  if (rows.length === 0)
    return (
      <EmptyState
        compact
        title={word.empty}
        text={word.teach}
        action={<Button onClick={() => go('/data')}>Send data</Button>}
      />
    );
  const opened = rows.find((row) => idOf(row) === search['call']);
  const step = (by: number): (() => void) | undefined => {
    const next = opened && rows[rows.indexOf(opened) + by];
    return next && (() => setSearch({ call: idOf(next) }));
  };
  return (
    <>
      <FiguresTable
        label={`Table: ${word.what} by time`}
        rows={rows}
        idOf={idOf}
        opened={opened && idOf(opened)}
        open={(row) => setSearch({ call: idOf(row) }, { push: true })}
        before={columns[call]}
      />
      <CutNote rows={rows.length} most={mostRows} />
      {opened && (
        <Drawer
          title={<span className="code">{opened.statement || opened.peer}</span>}
          label={`${word.what} ${opened.statement} at ${opened.peer}`}
          onClose={() => setSearch({ call: '' })}
          onNext={step(1)}
          onPrevious={step(-1)}
        >
          <CallView id={idOf(opened)} what={opened} facts={<FigureFacts figures={opened} />} />
        </Drawer>
      )}
    </>
  );
}

/** One statement, host, queue or model looked at closely; `id` names it in the address, `facts` stand before all else. */
export function CallView({
  id,
  what: { call, peer, statement },
  facts,
}: {
  id: string;
  what: Pick<CallRow, 'call' | 'peer' | 'statement'>;
  facts: ReactNode;
}): ReactNode {
  const { query } = useScope();
  const { data, error, isPending, refetch } = useAsk(
    callDetail,
    { query: { ...query, call, peer, statement } },
    { keepOld: false },
  );
  if (isPending) return <SkeletonRows rows={10} height={28} />;
  if (data === undefined) return error === null ? null : <ErrorState error={error} again={() => void refetch()} />;
  const { points } = data;
  const callQuery = [
    writeFilter('call', call, false),
    ...(peer === '' ? [] : [writeFilter('peer', peer, false)]),
    ...(statement === '' ? [] : [writeFilter('statement', statement, false)]),
  ].join(' ');
  const total = (of: (point: (typeof points)[number]) => number) => points.reduce((sum, point) => sum + of(point), 0);
  return (
    <div className="drawer-parts">
      {facts}
      {data.sample !== '' && <pre className="code sample">{data.sample}</pre>}
      <Courses points={points} />
      <section>
        <h3 className="part-title">Sites</h3>
        <table className="table">
          <thead>
            <tr>
              <th>Site</th>
              <th className="number">Time</th>
              <th className="number">Calls</th>
              <th className="number">Errors</th>
              <th className="number">p95</th>
            </tr>
          </thead>
          <tbody>
            {data.sites.slice(0, 20).map((site) => (
              <tr key={site.site}>
                <td>
                  {site.site === '' ? (
                    '(no site)'
                  ) : (
                    <Go to="/traces" search={{ view: viewOf[call], call: id, site: site.site }}>
                      {site.site}
                    </Go>
                  )}
                </td>
                <td className="number">{formatDuration(site.totalMs)}</td>
                <td className="number">{formatCount(site.calls)}</td>
                <td className="number">
                  <Failures share={site.errorRate} />
                </td>
                <td className="number">{formatDuration(site.p95Ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {data.sites.length > 20 && <p className="muted">And {data.sites.length - 20} more.</p>}
      </section>
      {data.callers.length > 0 && (
        <section>
          <h3 className="part-title">
            Called by{' '}
            {total(({ calls }) => calls) > calledOf && (
              <span className="muted">of the newest {formatCount(calledOf)} calls</span>
            )}
          </h3>
          <ul className="plain-list">
            {data.callers.slice(0, mostCallers).map(({ service, operation, calls }) => (
              <li key={`${service} ${operation}`}>
                <Go
                  to="/traces"
                  search={{ view: 'operations', all: '1', service, operation: `${service} ${operation}`, call: '' }}
                >
                  {service || '(unnamed)'} {operation || '(unnamed)'}
                </Go>{' '}
                {formatCount(calls)}
              </li>
            ))}
          </ul>
          {data.callers.length > mostCallers && (
            <p className="muted">
              And {data.callers.length >= allCallers ? 'at least ' : ''}
              {data.callers.length - mostCallers} more.
            </p>
          )}
        </section>
      )}
      <nav className="ways-on" aria-label="Ways on">
        <Go to="/traces" search={{ view: '', call: '', q: callQuery }}>
          Traces with {statement === '' ? 'such calls' : call === 'db' ? 'this statement' : 'this call'}
        </Go>
        {total(({ errors }) => errors) > 0 && (
          <Go to="/traces" search={{ view: '', call: '', q: `${callQuery} status:error` }}>
            Those that failed
          </Go>
        )}
      </nav>
      <section>
        <h3 className="part-title">Slowest</h3>
        <ExampleList examples={data.examples} />
      </section>
    </div>
  );
}

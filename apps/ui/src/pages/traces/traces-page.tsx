import { searchTraces, type TraceRow } from '@sightline/contract';
import { Button, SegmentedControl } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, type ReactNode } from 'react';
import { formatDuration } from '../../charts/number-format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { watchSides } from '../../components/hidden-sides.ts';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { counted } from '../../components/number-text.ts';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { addFilter } from '../../search/query-edit.ts';
import { QueryLine } from '../../search/query-line.tsx';
import { Go, useGo } from '../../shell/go.tsx';
import { ProfileList } from './profiles/profile-list.tsx';
import { AiCalls } from './ai-calls.tsx';
import { Calls } from './calls.tsx';
import { Latency } from './latency.tsx';
import { Operations } from './operations.tsx';
import { Queues } from './queues.tsx';
import { ServiceMap } from './service-map.tsx';
import { ServiceTable } from './service-table.tsx';
import { TraceqlView } from './traceql/traceql-view.tsx';
import './traces.css';
import './trace-views.css';

const ownFields = [
  'name',
  'duration',
  'status',
  'kind',
  'service',
  'site',
  'device',
  'environment',
  'release',
  'trace',
  'correlation',
  'message',
];
const pageTraces = 100;

interface View {
  readonly name: string;
  readonly title: string;
  readonly show: () => ReactNode;
}

const views: readonly [View, ...View[]] = [
  { name: 'traces', title: 'Traces', show: () => <TraceSearch /> },
  { name: 'traceql', title: 'TraceQL', show: () => <TraceqlView /> },
  { name: 'services', title: 'Services', show: () => <ServiceTable /> },
  { name: 'operations', title: 'Operations', show: () => <Operations /> },
  { name: 'map', title: 'Map', show: () => <ServiceMap /> },
  { name: 'latency', title: 'Latency', show: () => <Latency /> },
  { name: 'database', title: 'Database', show: () => <Calls call="db" /> },
  { name: 'external', title: 'External', show: () => <Calls call="external" /> },
  { name: 'queues', title: 'Queues', show: () => <Queues /> },
  { name: 'ai', title: 'AI', show: () => <AiCalls /> },
  { name: 'profiles', title: 'Profiles', show: () => <ProfileList /> },
];
/** What belongs to one view alone and makes no sense in another. */
const ownKeys = { operation: '', call: '', node: '', brush: '', sort: '', all: '', q: '', text: '', trace: '' };

/** Traces that match a search, and what all spans together say: services, operations, who calls whom, queries, queues. */
export default function TracesPage(): ReactNode {
  const { search, setSearch } = useAddress();
  const view = views.find(({ name }) => name === search['view']) ?? views[0];
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => watchSides(row.current), []);
  // On a phone the row of views is wider than its place: the open one is brought into sight.
  useEffect(() => {
    const chosen = row.current?.querySelector(`input[value="${view.name}"] + label`);
    chosen?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [view.name]);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Traces</h1>
        <div className="view-switch scroll-x" ref={row}>
          <SegmentedControl
            size="xs"
            aria-label="What to list"
            value={view.name}
            data={views.map(({ name, title }) => ({ value: name, label: title }))}
            onChange={(value) => setSearch({ ...ownKeys, view: value === 'traces' ? '' : value }, { push: true })}
          />
        </div>
      </div>
      {view.show()}
    </div>
  );
}

function TraceSearch(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope } = useScope();
  const go = useGo();
  const q = search['q'] ?? '';
  const sort = search['sort'] === 'slowest' ? 'slowest' : 'newest';
  const asked = useInfiniteQuery({
    queryKey: [searchTraces.path, 'pages', scope, q, sort],
    queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam: string }) =>
      call(searchTraces, { query: { ...scope, q, sort, limit: pageTraces, cursor: pageParam } }, signal),
    initialPageParam: '',
    getNextPageParam: (last: Reply<typeof searchTraces>) => (last.next === '' ? undefined : last.next),
    placeholderData: keepPreviousData,
  });
  const traces = useMemo(() => asked.data?.pages.flatMap((page) => page.traces) ?? [], [asked.data]);
  const error = asked.error as ProblemError | null;
  const setQuery = (next: string) => setSearch({ q: next }, { push: true });
  return (
    <>
      <div className="page-head">
        <QueryLine
          value={q}
          onSubmit={setQuery}
          label="Search traces"
          placeholder="duration:>500ms status:error service:payment"
          scope={scope}
          fields={ownFields}
          problem={error}
        />
        <SegmentedControl
          size="xs"
          aria-label="Order"
          value={sort}
          data={[
            { value: 'newest', label: 'Newest' },
            { value: 'slowest', label: 'Slowest' },
          ]}
          onChange={(value) => setSearch({ sort: value === 'slowest' ? value : '' })}
        />
        <Button
          variant="default"
          aria-pressed={q.includes('status:error')}
          onClick={() => setQuery(addFilter(q, 'status', 'error'))}
        >
          With errors
        </Button>
      </div>
      {asked.isPending && <SkeletonRows rows={20} height={36} />}
      {error !== null && error.position === undefined && traces.length === 0 && (
        <ErrorState error={error} kept="Your search stands in the address." again={() => void asked.refetch()} />
      )}
      {!asked.isPending && error === null && traces.length === 0 && (
        <EmptyState
          compact
          title={q === '' ? 'No traces in this time range' : 'No trace matches'}
          text={
            q === ''
              ? 'Point an OpenTelemetry or Sentry SDK here and its requests appear as traces.'
              : 'No span in this scope and time range fits the search.'
          }
          action={
            q === '' ? (
              <Button onClick={() => go('/data')}>Send data</Button>
            ) : (
              <Button variant="default" onClick={() => setQuery('')}>
                Clear the search
              </Button>
            )
          }
        />
      )}
      {traces.length > 0 && <TraceList traces={traces} stale={asked.isPlaceholderData} />}
      {asked.hasNextPage && (
        <Button variant="default" loading={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
          Load more
        </Button>
      )}
    </>
  );
}

function TraceList({ traces, stale }: { traces: readonly TraceRow[]; stale: boolean }): ReactNode {
  const longest = traces.reduce((most, { durationMs }) => Math.max(most, durationMs), 0);
  return (
    <ol className="trace-list" data-stale={stale ? '' : undefined}>
      {traces.map((trace) => (
        <li key={trace.traceId}>
          <Go to={`/traces/${trace.traceId}`} className="trace-row">
            <span className="trace-when">
              <TimeText at={trace.at} show="date-time" />
            </span>
            <span className="trace-name">
              <b>{trace.rootService || 'unknown'}</b> {trace.rootName || '(root not received)'}
            </span>
            <span className="trace-site muted">{trace.site}</span>
            <span className="trace-services">
              {trace.services.slice(0, 4).map((service) => (
                <span key={service} className="chip">
                  {service}
                </span>
              ))}
              {trace.services.length > 4 && <span className="muted">+{trace.services.length - 4}</span>}
            </span>
            <span className="trace-spans muted">{counted(trace.spans, 'span')}</span>
            <span className="trace-errors" data-tone={trace.errors > 0 ? 'bad' : undefined}>
              {trace.errors > 0 ? `▲ ${trace.errors} ${trace.errors === 1 ? 'error' : 'errors'}` : ''}
            </span>
            <span className="trace-took">
              <span
                className="trace-bar"
                data-failed={trace.errors > 0 ? '' : undefined}
                style={{ width: `${longest > 0 ? Math.max(1, (trace.durationMs / longest) * 100) : 0}%` }}
              />
              <span>{formatDuration(trace.durationMs)}</span>
            </span>
          </Go>
        </li>
      ))}
    </ol>
  );
}

import { Button, SegmentedControl, Switch, TextInput } from '@mantine/core';
import { fleet, listFaults, type SiteSummary } from '@sightline/contract';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconLayoutGrid,
  IconMap2,
  IconSearch,
  IconTable,
} from '@tabler/icons-react';
import { lazy, Suspense, useDeferredValue, useMemo, type ReactNode } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { hourAndMinute } from '../../components/time-format.ts';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { Go } from '../../shell/go.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { filterSites } from './fleet-filter.ts';
import { FleetGrid } from './fleet-grid.tsx';
import { byTrouble, fleetSentence } from './fleet-sentence.ts';
import { FleetStrip } from './fleet-strip.tsx';
import './fleet.css';

const FleetMap = lazy(async () => import('./fleet-map.tsx'));
const FleetTable = lazy(async () => import('./fleet-table.tsx'));
type View = 'grid' | 'map' | 'table';
const views = [
  { value: 'grid', title: 'Grid', icon: IconLayoutGrid },
  { value: 'map', title: 'Map', icon: IconMap2 },
  { value: 'table', title: 'Table', icon: IconTable },
] as const;
const noSites: readonly SiteSummary[] = [];

/** Every store at a glance. Asks again every 10 s. */
export default function FleetPage(): ReactNode {
  const { scope } = useScope();
  const { search, setSearch } = useAddress();
  const asked = useAsk(fleet, { query: { environment: scope.environment } }, { everyMs: 10_000 });
  const view = views.find((v) => v.value === search['view'])?.value ?? 'grid';
  const filter = useDeferredValue(search['show'] ?? '');
  const all = asked.data?.sites ?? noSites;
  const shown = useMemo(() => {
    const within = scope.site === '' ? all : all.filter((s) => s.code === scope.site);
    const sorted = filterSites(within, filter).toSorted((a, b) => a.code.localeCompare(b.code));
    return view === 'grid' && search['sort'] === 'trouble' ? sorted.sort(byTrouble) : sorted;
  }, [all, filter, scope.site, view, search]);
  usePageTitle('Fleet');
  if (asked.data === undefined && asked.error !== null) {
    return <ErrorState error={asked.error} again={() => void asked.refetch()} kept="Stores keep sending meanwhile." />;
  }
  if (asked.data?.sites.length === 0) return <NoStore />;
  return (
    <div className="page">
      <h1 className="only-read-aloud">Fleet</h1>
      <Sentence data={asked.data} stale={asked.error !== null} />
      <FleetStrip totals={asked.data?.totals} />
      <div className="page-head">
        <SegmentedControl
          size="xs"
          aria-label="View"
          value={view}
          onChange={(value) => setSearch({ view: value === 'grid' ? '' : value, sort: '' }, { push: true })}
          data={views.map(({ value, title, icon: Icon }) => ({
            value,
            label: (
              <span className="row">
                <Icon size={14} aria-hidden />
                {title}
              </span>
            ),
          }))}
        />
        <TextInput
          className="fleet-filter"
          data-page-search
          aria-label="Show only stores that match"
          placeholder="Store, city, state, “trouble”"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={search['show'] ?? ''}
          onChange={(event) => setSearch({ show: event.currentTarget.value })}
        />
        {view === 'grid' && (
          <Switch
            size="xs"
            label="Trouble first"
            checked={search['sort'] === 'trouble'}
            onChange={(event) => setSearch({ sort: event.currentTarget.checked ? 'trouble' : '' })}
          />
        )}
        <span className="grow" />
        {asked.data !== undefined && shown.length < all.length && (
          <span className="muted" role="status">
            {shown.length} of {all.length} stores
          </span>
        )}
      </div>
      <View view={view} sites={shown} loading={asked.data === undefined} now={asked.data?.at ?? 0} />
    </div>
  );
}

function View(props: { view: View; sites: readonly SiteSummary[]; loading: boolean; now: number }): ReactNode {
  const { view, sites, loading, now } = props;
  const { setSearch } = useAddress();
  if (loading) return <ViewSkeleton view={view} />;
  if (sites.length === 0) {
    return (
      <EmptyState
        title="No store matches"
        text="The filter leaves nothing."
        action={
          <Button variant="default" onClick={() => setSearch({ show: '', site: '' })}>
            Show all stores
          </Button>
        }
      />
    );
  }
  if (view === 'grid') return <FleetGrid sites={sites} now={now} />;
  return (
    <Suspense fallback={<ViewSkeleton view={view} />}>
      {view === 'map' ? <FleetMap sites={sites} now={now} /> : <FleetTable sites={sites} />}
    </Suspense>
  );
}

function ViewSkeleton({ view }: { view: View }): ReactNode {
  if (view !== 'grid') return <Skeleton height="60vh" />;
  return (
    <div className="fleet-grid">
      {Array.from({ length: 40 }, (_, i) => (
        <Skeleton key={i} height={72} />
      ))}
    </div>
  );
}

function Sentence({ data, stale }: { data: Reply<typeof fleet> | undefined; stale: boolean }): ReactNode {
  if (data === undefined) return <Skeleton height={40} />;
  const { tone, parts } = fleetSentence(data.sites, data.at, (at) => hourAndMinute(at), data.totals.openIncidents);
  const Icon = tone === 'good' ? IconCircleCheck : IconAlertTriangle;
  return (
    <p className="fleet-sentence" data-tone={tone} role="status">
      <Icon size={18} aria-hidden />
      <span>
        {parts.map((part, i) =>
          'site' in part ? (
            <Go key={i} to={`/sites/${encodeURIComponent(part.site)}`}>
              {part.site}
            </Go>
          ) : part.to === undefined ? (
            <span key={i}>{part.text}</span>
          ) : (
            <Go key={i} to={part.to}>
              {part.text}
            </Go>
          ),
        )}
        {stale && (
          <span className="muted"> (as of {hourAndMinute(data.at)}; the server does not answer, we keep trying)</span>
        )}
      </span>
    </p>
  );
}

function NoStore(): ReactNode {
  const demo = useAsk(listFaults).data?.available === true;
  return (
    <div className="page">
      <EmptyState
        title="No store reports yet"
        text={
          demo
            ? 'The demo’s stores are starting: they appear here by themselves within half a minute. Your own appear with their first record.'
            : 'Point one client at this server with the snippet made for it; its store appears here with the first record.'
        }
        action={
          <Go to="/data">
            <Button component="span">Send data</Button>
          </Go>
        }
      />
    </div>
  );
}

import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { listMonitorHistory, listMonitors, type MonitorHistory, type MonitorSummary } from '@sightline/contract';
import { useMemo, type ReactNode } from 'react';
import { formatDuration } from '../../charts/number-format.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { RoleNeededDrawer } from '../../components/role-needed.tsx';
import { useFirstRows } from '../../components/first-rows.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { useScope } from '../../data/scope.ts';
import { useMe } from '../../data/session.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { DayBars } from './day-bars.tsx';
import { MonitorDrawer } from './monitor-drawer.tsx';
import { MonitorForm } from './monitor-form.tsx';
import { byUrgency, everyWords, stateTones, stateWord, typeTitles, uptimeText, uptimeTone } from './monitor-words.ts';
import './monitors.css';

const states = ['all', 'down', 'up', 'unknown', 'paused'] as const;
const dayMs = 86_400_000;

/** Every monitor: is anything down, since when, and how was it for ninety days. */
export default function MonitorsPage(): ReactNode {
  const { search, setSearch } = useAddress();
  const { scope } = useScope();
  const { may } = useMe();
  const asked = useAsk(listMonitors, {}, { everyMs: 5000 });
  const bars = useAsk(listMonitorHistory, {}, { everyMs: 60_000 });
  usePageTitle('Monitors');
  const state = states.find((one) => one === search['state']) ?? 'all';
  const text = (search['q'] ?? '').toLowerCase();
  const all = asked.data?.monitors;
  const shown = useMemo(
    () =>
      (all ?? [])
        .filter((one) => state === 'all' || one.state === state)
        .filter((one) => scope.site === '' || one.site === scope.site)
        .filter(({ name, target, site }) => `${name} ${target} ${site}`.toLowerCase().includes(text))
        .toSorted(byUrgency),
    [all, state, scope.site, text],
  );
  const { first, rest } = useFirstRows(shown, { atOnce: 200, one: 'monitor', hint: '; type a part of the name, or' });
  const open = search['monitor'] ?? '';
  const at = shown.findIndex(({ id }) => id === open);
  const show = (id: string | undefined) => setSearch({ monitor: id ?? '' }, { push: open === '' });
  const create = () => setSearch({ edit: 'new' }, { push: true });
  const todayMs = Math.floor((bars.data?.at ?? 0) / dayMs) * dayMs;
  return (
    <div className="page">
      <div className="page-head">
        <h1>Monitors</h1>
        {all !== undefined && all.length > 0 && <Summary monitors={all} />}
        <span className="grow" />
        {may('admin') && <Button onClick={create}>New monitor</Button>}
      </div>
      {all !== undefined && all.length > 0 && (
        <div className="page-head">
          <SegmentedControl
            size="xs"
            aria-label="State of the monitors"
            value={state}
            data={states.map((value) => ({ value, label: value.charAt(0).toUpperCase() + value.slice(1) }))}
            onChange={(value) => setSearch({ state: value === 'all' ? '' : value }, { push: true })}
          />
          <TextInput
            aria-label="Find a monitor"
            placeholder="Name, address or site"
            w={240}
            value={search['q'] ?? ''}
            onChange={(event) => setSearch({ q: event.currentTarget.value })}
          />
        </div>
      )}
      {asked.isPending && <SkeletonRows rows={10} height={44} />}
      {asked.error !== null && all === undefined && (
        <ErrorState error={asked.error} kept="Monitors go on meanwhile." again={() => void asked.refetch()} />
      )}
      {all?.length === 0 && <NoMonitors create={may('admin') ? create : undefined} />}
      {all !== undefined && all.length > 0 && shown.length === 0 && (
        <EmptyState
          compact
          title="No monitor matches"
          text="None is in this state, of this site and of this name."
          action={
            <Button variant="default" onClick={() => setSearch({ q: '', state: '', site: '' })}>
              Show all
            </Button>
          }
        />
      )}
      {shown.length > 0 && (
        <ol className="monitor-list">
          {first.map((monitor) => (
            <MonitorLine
              key={monitor.id}
              monitor={monitor}
              history={bars.data?.history[monitor.id]}
              todayMs={todayMs}
              open={monitor.id === open}
              onOpen={() => show(monitor.id)}
            />
          ))}
        </ol>
      )}
      {rest}
      {open !== '' && search['edit'] !== open && (
        <MonitorDrawer
          key={open}
          id={open}
          onClose={() => show(undefined)}
          onEdit={() => setSearch({ edit: open }, { push: true })}
          onNext={at >= 0 && at < shown.length - 1 ? () => show(shown[at + 1]?.id) : undefined}
          onPrevious={at > 0 ? () => show(shown[at - 1]?.id) : undefined}
        />
      )}
      {(search['edit'] ?? '') !== '' && !may('admin') && (
        <RoleNeededDrawer
          title={search['edit'] === 'new' ? 'New monitor' : 'Change the monitor'}
          need={{ role: 'admin', what: 'change monitors' }}
          onClose={() => setSearch({ edit: '' })}
        />
      )}
      {(search['edit'] ?? '') !== '' && may('admin') && (
        <MonitorForm
          key={search['edit']}
          id={search['edit'] === 'new' ? '' : (search['edit'] ?? '')}
          site={scope.site}
          onClose={() => setSearch({ edit: '' })}
          onSaved={(id) => setSearch({ edit: '', monitor: id })}
        />
      )}
    </div>
  );
}

function Summary({ monitors }: { monitors: readonly MonitorSummary[] }): ReactNode {
  const down = monitors.filter(({ state }) => state === 'down').length;
  const up = monitors.filter(({ state }) => state === 'up').length;
  return (
    <span className="row">
      {down > 0 ? (
        <ToneBadge tone="bad">{counted(down, 'monitor')} down</ToneBadge>
      ) : (
        <ToneBadge tone={up > 0 ? 'good' : 'idle'}>nothing is down</ToneBadge>
      )}
      <span className="muted">{up} up</span>
    </span>
  );
}

function NoMonitors({ create }: { create: (() => void) | undefined }): ReactNode {
  return (
    <EmptyState
      title="Nothing is watched yet"
      text="A monitor asks an address or a port again and again, or waits for a job to call. When it goes down, an incident opens; ninety days stand here as bars."
      action={create === undefined ? undefined : <Button onClick={create}>Watch an address</Button>}
    />
  );
}

interface MonitorLineProps {
  readonly monitor: MonitorSummary;
  readonly history: MonitorHistory | undefined;
  readonly todayMs: number;
  readonly open: boolean;
  readonly onOpen: () => void;
}

function MonitorLine({ monitor, history, todayMs, open, onOpen }: MonitorLineProps): ReactNode {
  const { name, state, site, target, type } = monitor;
  return (
    <li className="monitor-row" data-open={open ? '' : undefined}>
      <span className="monitor-state">
        <ToneBadge tone={stateTones[state]}>{stateWord(monitor)}</ToneBadge>
        {(state === 'up' || state === 'down') && (
          <small className="muted">
            since <TimeText at={monitor.stateSince} show="relative" />
          </small>
        )}
      </span>
      <span className="monitor-what">
        <button type="button" className="plain-link monitor-name" onClick={onOpen}>
          {name}
        </button>
        <span className="monitor-target muted">
          {site !== '' && <span className="chip">{site}</span>}
          <span>{typeTitles[type] ?? type}</span>
          {state === 'down' ? (
            <span className="cut toned" data-tone="bad">
              {monitor.lastMessage}
            </span>
          ) : (
            <span className={type === 'heartbeat' ? 'cut' : 'cut code'}>
              {type === 'heartbeat' ? monitor.lastMessage || target : target}
            </span>
          )}
        </span>
      </span>
      <span className="monitor-bars">
        {history === undefined ? (
          <span className="muted">no results yet</span>
        ) : (
          <DayBars days={history.days} downMin={history.downMin} todayMs={todayMs} />
        )}
      </span>
      <span className="monitor-uptime figure">
        <span className="toned" data-tone={uptimeTone(history?.uptime.quarter ?? null)}>
          {uptimeText(history?.uptime.quarter ?? null)}
        </span>
        <small className="muted"> 90 d</small>
      </span>
      <span className="monitor-response">
        {history !== undefined && type !== 'heartbeat' && (
          <Sparkline
            points={history.response.flatMap((value, hour) => (value === null ? [] : [{ at: hour, value }]))}
            label={`Response time of ${name}, last 24 hours, ms`}
            width={80}
          />
        )}
        <span className="figure muted">
          {monitor.lastDurationMs === null ? '' : formatDuration(monitor.lastDurationMs)}
        </span>
      </span>
      <span className="monitor-last muted figure">
        {monitor.lastCheckedAt === null ? (
          everyWords(monitor.everyMs)
        ) : (
          <TimeText at={monitor.lastCheckedAt} show="relative" />
        )}
      </span>
    </li>
  );
}

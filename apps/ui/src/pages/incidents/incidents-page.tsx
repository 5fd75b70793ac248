import { listIncidents, type IncidentRow } from '@sightline/contract';
import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { Go, useGo } from '../../shell/go.tsx';
import { useKeys } from '../../shell/keys.ts';
import { Countdown } from './countdown.tsx';
import { IncidentSeverityBadge } from './incident-severity.tsx';
import './incidents.css';
import { heldText, lastingText, placeText, statusTone, storyOf } from './words.ts';

type Answer = Reply<typeof listIncidents>;

const statuses = [
  { value: 'active', label: 'Open' },
  { value: 'open', label: 'Not acknowledged' },
  { value: 'resolved', label: 'Resolved' },
  { value: 'all', label: 'All' },
] as const;
/** What an empty list of each kind says where nothing narrows it. */
const none = {
  active: {
    title: 'Nothing is wrong',
    text: 'No incident is open. Rules, monitors and lost links open one when something fails.',
  },
  open: {
    title: 'Nobody is waited for',
    text: 'Every incident that is open was acknowledged.',
  },
  resolved: {
    title: 'No incident was resolved yet',
    text: 'What came to an end stands here, with how it did and how long it took.',
  },
  all: {
    title: 'No incident yet',
    text: 'Rules, monitors and lost links open one when something fails.',
  },
} as const;
const severities = ['critical', 'high', 'medium', 'low'] as const;
const everyMs = 5000;

/** What is wrong now, who has it, and who is told next. */
export default function IncidentsPage(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope } = useScope();
  const go = useGo();
  const q = search['q'] ?? '';
  const rule = search['rule'] ?? '';
  const status = statuses.find(({ value }) => value === search['status'])?.value ?? 'active';
  const severity = severities.find((one) => one === search['severity']) ?? '';
  const site = scope.site ?? '';
  const asked = useInfiniteQuery({
    queryKey: [listIncidents.path, 'pages', site, status, severity, q, rule],
    queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam: string }) =>
      call(listIncidents, { query: { site, status, severity, q, rule, limit: 50, cursor: pageParam } }, signal),
    initialPageParam: '',
    getNextPageParam: (last: Answer) => (last.next === '' ? undefined : last.next),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
  const incidents = useMemo(() => asked.data?.pages.flatMap((page) => page.incidents) ?? [], [asked.data]);
  const newest = asked.data?.pages[0];
  const skewMs = newest === undefined ? 0 : newest.at - asked.dataUpdatedAt;
  const error = asked.error as ProblemError | null;
  const filtered = q !== '' || severity !== '' || site !== '' || rule !== '';
  return (
    <div className="page">
      <div className="page-head">
        <h1>Incidents</h1>
        <SegmentedControl
          size="xs"
          aria-label="Which incidents"
          className="incident-states"
          value={status}
          data={[...statuses]}
          onChange={(value) => setSearch({ status: value === 'active' ? '' : value }, { push: true })}
        />
      </div>
      <div className="page-head">
        <FindLine value={q} onSubmit={(next) => setSearch({ q: next }, { push: true })} />
        <Select
          aria-label="Severity"
          placeholder="Any severity"
          w={140}
          data={[...severities]}
          value={severity === '' ? null : severity}
          clearable
          onChange={(value) => setSearch({ severity: value ?? '' })}
        />
        {rule !== '' && (
          <Button variant="default" onClick={() => setSearch({ rule: '' })}>
            All rules
          </Button>
        )}
      </div>
      {newest !== undefined && !newest.open.canTell && newest.open.unreachable === 0 && (
        <p className="incident-hint">
          Nobody would be told of an incident: there is no channel yet.{' '}
          <Go to="/alerting" className="underlined">
            Add a channel
          </Go>
        </p>
      )}
      {asked.isPending && <SkeletonRows rows={8} height={64} />}
      {error !== null && incidents.length === 0 && (
        <ErrorState
          error={error}
          kept="Escalation goes on: people are still told while this page is away."
          again={() => void asked.refetch()}
        />
      )}
      {!asked.isPending && error === null && incidents.length === 0 && (
        <EmptyState
          compact
          title={filtered ? 'No incident fits' : none[status].title}
          text={filtered ? 'None of this state is of this place, severity, rule and wording.' : none[status].text}
          action={
            status === 'active' && !filtered ? (
              <Button variant="default" onClick={() => setSearch({ status: 'resolved' }, { push: true })}>
                Show resolved incidents
              </Button>
            ) : (
              <Button
                variant="default"
                onClick={() => go('/incidents', { status: 'all', q: '', severity: '', rule: '', site: '' })}
              >
                Show all incidents
              </Button>
            )
          }
        />
      )}
      {incidents.length > 0 && (
        <ol
          className="incident-list"
          aria-busy={asked.isPlaceholderData}
          data-stale={asked.isPlaceholderData ? '' : undefined}
        >
          <li className="incident-row incident-titles" aria-hidden="true">
            <span>Severity</span>
            <span>Incident</span>
            <span>Where</span>
            <span>Since</span>
            <span>Who has it</span>
            <span>Next</span>
          </li>
          {incidents.map((incident) => (
            <IncidentLine
              key={incident.number}
              incident={incident}
              skewMs={skewMs}
              now={newest?.at ?? incident.openedAt}
            />
          ))}
        </ol>
      )}
      {asked.hasNextPage && (
        <Button variant="default" loading={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
          Load more
        </Button>
      )}
      <MoveKeys />
    </div>
  );
}

function FindLine({ value, onSubmit }: { value: string; onSubmit: (next: string) => void }): ReactNode {
  const [text, setText] = useState(value);
  const [shown, setShown] = useState(value);
  if (shown !== value) {
    setShown(value);
    setText(value);
  }
  return (
    <form
      className="grow"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(text.trim());
      }}
    >
      <TextInput
        aria-label="Find incidents"
        placeholder="#42, or words of title and resolution"
        value={text}
        data-page-search
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={() => {
          if (text.trim() !== value) onSubmit(text.trim());
        }}
      />
    </form>
  );
}

function IncidentLine({ incident, skewMs, now }: { incident: IncidentRow; skewMs: number; now: number }): ReactNode {
  const { number, title, status, summary, line } = incident;
  return (
    <li className="incident-row" data-status={status} aria-label={`#${number} ${title}`}>
      <span className="incident-severity">
        <IncidentSeverityBadge severity={incident.severity} />
      </span>
      <div className="incident-what">
        <Go to={`/incidents/${number}`} className="incident-title" data-row>
          <span className="muted">#{number}</span> <span className="cut">{title}</span>
        </Go>
        <div className="incident-summary cut" title={line}>
          {status === 'resolved' && incident.resolvedNote !== '' ? incident.resolvedNote : summary}
        </div>
        <div className="incident-story muted cut" title={line}>
          <TimeText at={incident.openedAt} show="time" /> {storyOf(incident)}
        </div>
      </div>
      <span className="incident-where">
        {incident.site === '' ? placeText(incident) : <Go to={`/sites/${incident.site}`}>{incident.site}</Go>}
      </span>
      <span className="incident-since muted">
        <TimeText at={incident.openedAt} show="relative" />
        {incident.resolvedAt !== null && (
          <span className="incident-lasted">lasted {lastingText(incident.resolvedAt - incident.openedAt)}</span>
        )}
        {incident.flaps > 0 && <span className="incident-lasted">came back {incident.flaps}×</span>}
      </span>
      <span className="incident-who">
        {status !== 'open' && <ToneBadge tone={statusTone[status]}>{status}</ToneBadge>}
        <span className="cut">
          {[
            incident.assignee === '' ? (status === 'resolved' ? '' : 'nobody yet') : incident.assignee,
            incident.team?.name ?? '',
          ]
            .filter((part) => part !== '')
            .join(' · ')}
        </span>
      </span>
      <span className="incident-next">
        <Next incident={incident} skewMs={skewMs} now={now} />
      </span>
    </li>
  );
}

/** Who is told next, and how soon; or why nobody is. */
function Next({ incident, skewMs, now }: { incident: IncidentRow; skewMs: number; now: number }): ReactNode {
  const { next, status, unreachable, heldBy } = incident;
  if (status === 'resolved') return incident.reopenAt === null ? null : <span className="muted">still fires</span>;
  if (unreachable !== '') return <ToneBadge tone="bad">nobody could be told</ToneBadge>;
  if (heldBy !== '') return <span className="muted">{heldText(heldBy)}</span>;
  if (status === 'acknowledged') return null;
  if (next === null) return <span className="muted">nobody else will be told</span>;
  const left = Math.max(0, next.at - now);
  return (
    <>
      <Countdown at={next.at} skewMs={skewMs} label={`in ${lastingText(left)}`} />{' '}
      <span className="muted cut">{next.channels.join(', ')}</span>
    </>
  );
}

/** `j` and `k` move through the list, as everywhere. */
function MoveKeys(): ReactNode {
  const move = (by: number): void => {
    const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')];
    const at = rows.indexOf(document.activeElement as HTMLElement);
    rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
  };
  useKeys([
    { keys: 'j', title: 'Next incident', run: () => move(1) },
    { keys: 'k', title: 'Previous incident', run: () => move(-1) },
  ]);
  return null;
}

import { Button } from '@mantine/core';
import {
  getMonitor,
  listMonitorHistory,
  listMonitors,
  pauseMonitor,
  removeMonitor,
  type MonitorSummary,
} from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { formatDuration } from '../../charts/number-format.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { copyText } from '../../components/copy.ts';
import { Drawer } from '../../components/drawer.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { useMe } from '../../data/session.tsx';
import { Go } from '../../shell/go.tsx';
import { DayBars } from './day-bars.tsx';
import { dueWords, stateTones, stateWord, typeTitles, uptimeText, uptimeTone } from './monitor-words.ts';

type Detail = Reply<typeof getMonitor>;
const dayMs = 86_400_000;

interface MonitorDrawerProps {
  readonly id: string;
  readonly onClose: () => void;
  readonly onEdit: () => void;
  readonly onNext: (() => void) | undefined;
  readonly onPrevious: (() => void) | undefined;
}

/** One monitor: how it is, how it was, what it answered, and what came of it. */
export function MonitorDrawer({ id, onClose, onEdit, onNext, onPrevious }: MonitorDrawerProps): ReactNode {
  const { query } = useScope();
  const { may } = useMe();
  const asked = useAsk(getMonitor, { params: { id }, query: { from: query.from, to: query.to } }, { everyMs: 10_000 });
  const detail = asked.data?.monitor.id === id ? asked.data : undefined;
  const name = detail?.monitor.name ?? 'Monitor';
  return (
    <Drawer
      title={name}
      label={name}
      width={720}
      onClose={onClose}
      onNext={onNext}
      onPrevious={onPrevious}
      actions={detail !== undefined && may('admin') && <Acts detail={detail} onEdit={onEdit} onGone={onClose} />}
    >
      {detail === undefined && asked.error !== null && (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      )}
      {detail === undefined && asked.error === null && <Skeleton height={480} />}
      {detail !== undefined && <Body detail={detail} from={query.from} to={query.to} nowMs={asked.dataUpdatedAt} />}
    </Drawer>
  );
}

function Acts({ detail, onEdit, onGone }: { detail: Detail; onEdit: () => void; onGone: () => void }): ReactNode {
  const { id, name, state } = detail.monitor;
  const pausing = useAct(pauseMonitor, [listMonitors, getMonitor]);
  const removing = useAct(removeMonitor, [listMonitors, listMonitorHistory]);
  const paused = state === 'paused';
  return (
    <>
      <Button variant="default" size="compact-xs" onClick={onEdit}>
        Edit
      </Button>
      <Button
        variant="default"
        size="compact-xs"
        loading={pausing.isPending}
        onClick={() => pausing.mutate({ params: { id }, body: { paused: !paused } })}
      >
        {paused ? 'Resume' : 'Pause'}
      </Button>
      <Confirm
        verb="Remove"
        harmful
        title={`Remove the monitor ${name}`}
        text="It is not run any more, its finding is over, and its results are not shown any more."
        act={async () => {
          await removing.mutateAsync({ params: { id } });
          onGone();
        }}
      />
    </>
  );
}

function Body({ detail, from, to, nowMs }: { detail: Detail; from: number; to: number; nowMs: number }): ReactNode {
  const { monitor, history, results } = detail;
  return (
    <div className="drawer-parts">
      <Facts detail={detail} />
      {detail.address !== null && <HeartbeatAddress address={detail.address} called={monitor.lastCheckedAt !== null} />}
      {history !== null && (
        <section aria-label="Ninety days">
          <h3 className="part-title">
            Ninety days <span className="muted">by day, UTC</span>
          </h3>
          <DayBars
            days={history.days}
            downMin={history.downMin}
            todayMs={Math.floor(nowMs / dayMs) * dayMs}
            height={32}
          />
        </section>
      )}
      {monitor.type !== 'heartbeat' && (
        <section aria-label="Response times">
          <h3 className="part-title">
            Response time <span className="muted">of good answers, in the chosen range</span>
          </h3>
          <TimeChart
            series={[
              { name: 'mean', points: detail.response.mean },
              { name: 'slowest', points: detail.response.worst },
            ]}
            from={from}
            to={to}
            stepMs={detail.response.stepMs}
            unit="ms"
            height={160}
            label={`Response time of ${monitor.name}`}
          />
        </section>
      )}
      <Incidents detail={detail} />
      <Results results={results} />
    </div>
  );
}

function Facts({ detail }: { detail: Detail }): ReactNode {
  const { monitor, history, nextAt, startedAt } = detail;
  return (
    <>
      <div className="facts-row">
        <ToneBadge tone={stateTones[monitor.state]}>{stateWord(monitor)}</ToneBadge>
        {monitor.lastCheckedAt !== null && (
          <span className="muted">
            since <TimeText at={monitor.stateSince} />
          </span>
        )}
        <span className={monitor.type === 'heartbeat' ? '' : 'code'}>{monitor.target}</span>
      </div>
      {monitor.lastMessage !== '' && <p className="monitor-message">{monitor.lastMessage}</p>}
      <dl className="facts">
        {(['day', 'week', 'quarter'] as const).map((span) => (
          <div key={span}>
            <dt>Up, last {{ day: '24 h', week: '7 d', quarter: '90 d' }[span]}</dt>
            <dd className="toned" data-tone={uptimeTone(history?.uptime[span] ?? null)}>
              {uptimeText(history?.uptime[span] ?? null)}
            </dd>
          </div>
        ))}
        <Fact
          title="Type"
          text={`${typeTitles[monitor.type] ?? monitor.type}, ${dueWords({ everyMs: monitor.everyMs, settings: detail.edit?.settings ?? {} })}`}
        />
        {monitor.type !== 'heartbeat' && <Fact title="Runs on" text={runsOn(monitor)} />}
        {monitor.site !== '' && (
          <div>
            <dt>Site</dt>
            <dd>
              <Go to={`/sites/${encodeURIComponent(monitor.site)}`}>{monitor.site}</Go>
            </dd>
          </div>
        )}
        <Fact title="When it is down" text={`an incident, ${monitor.severity}`} />
        {startedAt !== null && (
          <div>
            <dt>Its job runs since</dt>
            <dd>
              <TimeText at={startedAt} />
            </dd>
          </div>
        )}
        {nextAt !== null && monitor.runsOn === 'server' && (
          <div>
            <dt>{monitor.type === 'heartbeat' ? 'Late after' : 'Next'}</dt>
            <dd>
              <TimeText at={nextAt} />
            </dd>
          </div>
        )}
      </dl>
    </>
  );
}

function Fact({ title, text }: { title: string; text: string }): ReactNode {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function runsOn(monitor: MonitorSummary): string {
  return monitor.runsOn === 'server' ? 'the server' : `the agent of ${monitor.site}`;
}

function HeartbeatAddress({ address, called }: { address: string; called: boolean }): ReactNode {
  const line = `curl -fsS -m 10 --retry 3 ${address}`;
  return (
    <section className="heartbeat-address" aria-label="Address">
      <h3 className="part-title">
        Address <span className="muted">{called ? '' : 'waits for the first call'}</span>
      </h3>
      <CopyLine text={address} what="Address" />
      <CopyLine text={line} what="Command" />
      <p className="muted">
        Let the job call it when it is done. <span className="code">/start</span> at its end tells when the job begins,{' '}
        <span className="code">/fail</span> that it failed; a body becomes the message. Who has the address may call it.
      </p>
    </section>
  );
}

function CopyLine({ text, what }: { text: string; what: string }): ReactNode {
  return (
    <div className="copy-line">
      <code>{text}</code>
      <Button
        variant="default"
        size="compact-xs"
        aria-label={`Copy ${what.toLowerCase()}`}
        onClick={() => void copyText(text, what)}
      >
        Copy
      </Button>
    </div>
  );
}

function Incidents({ detail }: { detail: Detail }): ReactNode {
  if (detail.incidents.length === 0) return null;
  return (
    <section aria-label="Incidents">
      <h3 className="part-title">Incidents</h3>
      <ul className="plain-list">
        {detail.incidents.map((incident) => (
          <li key={incident.number} className="row">
            <Go to={`/incidents/${incident.number}`}>
              #{incident.number} {incident.title}
            </Go>
            <span className="muted">
              {incident.status}, <TimeText at={incident.openedAt} />
              {incident.resolvedAt !== null && `, lasted ${formatDuration(incident.resolvedAt - incident.openedAt)}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Results({ results }: { results: Detail['results'] }): ReactNode {
  const [onlyDown, setOnlyDown] = useState(false);
  const shown = results.filter(({ up }) => !onlyDown || !up);
  if (results.length === 0)
    return <p className="muted">No results in the chosen range. Choose a longer one above, or wait for the next.</p>;
  return (
    <section aria-label="Results">
      <h3 className="part-title row">
        Results <span className="muted">the last {results.length} in the chosen range</span>
        <button type="button" className="plain-button" aria-pressed={onlyDown} onClick={() => setOnlyDown(!onlyDown)}>
          {onlyDown ? 'Show all' : 'Only failures'}
        </button>
      </h3>
      {shown.length === 0 ? (
        <p className="muted">No failure among them.</p>
      ) : (
        <ScrollX label="Table of results">
          <table className="table one-line stacks">
            <thead>
              <tr>
                <th>When</th>
                <th>State</th>
                <th className="number">Took</th>
                <th>What came</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((result) => (
                <tr key={result.at}>
                  <td>
                    <TimeText at={result.at} />
                  </td>
                  <td>
                    <ToneBadge tone={result.up ? 'good' : 'bad'}>{result.up ? 'up' : 'down'}</ToneBadge>
                  </td>
                  <td className="number" data-title="Took">
                    {formatDuration(result.durationMs)}
                  </td>
                  <td title={detailWords(result.details)}>{result.message}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
    </section>
  );
}

function detailWords(details: Readonly<Record<string, string>>): string {
  return Object.entries(details)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

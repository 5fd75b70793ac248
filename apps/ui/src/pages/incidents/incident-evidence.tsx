import type { IncidentEvidence as Evidence } from '@sightline/contract';
import type { ReactNode } from 'react';
import { TimeChart } from '../../charts/time-chart.tsx';
import { counted } from '../../components/number-text.ts';
import { SeverityTick, type Severity } from '../../components/severity-tick.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useScope } from '../../data/scope.ts';
import { Go } from '../../shell/go.tsx';
import type { IncidentAnswer } from './incident-page.tsx';

/** Counts are drawn as bars, levels as lines. */
const counts: ReadonlySet<string> = new Set(['errors', 'events', 'payments']);
const levels: ReadonlySet<string> = new Set(['', 'trace', 'debug', 'info', 'warn', 'error', 'fatal']);

/** What it looked like when it opened, kept as it was. */
export function IncidentEvidence({
  incident,
  evidence,
}: {
  incident: IncidentAnswer['incident'];
  evidence: Evidence | null;
}): ReactNode {
  const { setRange } = useScope();
  if (evidence === null) {
    return (
      <section aria-label="Evidence" aria-busy="true">
        <h2>When it opened</h2>
        <p className="muted">Charts, errors and container states are being captured.</p>
        <Skeleton height={140} />
      </section>
    );
  }
  const marks = [{ at: incident.openedAt, label: `#${incident.number} opened`, tone: 'bad' as const }];
  return (
    <section aria-label="Evidence" className="stack">
      <h2>
        When it opened{' '}
        <small className="muted">
          captured <TimeText at={evidence.capturedAt} show="time" />
        </small>
      </h2>
      {evidence.charts.map((chart) => (
        <div key={chart.title}>
          <h3 className="part-title">
            {capital(chart.title)}
            {chart.threshold !== null && (
              <span className="muted">
                {' '}
                limit {chart.threshold} {chart.unit}
              </span>
            )}
          </h3>
          <TimeChart
            series={[
              ...chart.series.map(({ name, points }) => ({ name, points })),
              ...(chart.threshold === null
                ? []
                : [
                    {
                      name: 'limit',
                      colour: 'var(--warn-fill)',
                      points: everyStep(chart).map((at) => ({
                        at,
                        value: chart.threshold ?? 0,
                      })),
                    },
                  ]),
            ]}
            from={chart.from}
            to={Math.max(chart.to, chart.from + chart.stepMs)}
            stepMs={Math.max(1000, chart.stepMs)}
            unit={chart.unit}
            kind={counts.has(chart.unit) ? 'bars' : 'lines'}
            height={120}
            marks={marks}
            label={`${chart.title} in the hour before`}
            onRange={setRange}
          />
        </div>
      ))}
      {evidence.errors.length > 0 && (
        <div>
          <h3 className="part-title">Most frequent errors</h3>
          <ul className="evidence-list">
            {evidence.errors.map(({ issue, title, events }) => (
              <li key={issue}>
                <Go to={`/errors/${issue}`} search={{ site: incident.site }} className="cut">
                  {title}
                </Go>
                <span className="muted">{counted(events, 'event')}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {evidence.containers.length > 0 && (
        <div>
          <h3 className="part-title">Containers</h3>
          <ul className="evidence-list">
            {evidence.containers.map(({ name, state, detail }) => (
              <li key={name}>
                <span>{name}</span>
                <ToneBadge tone={/^running(, (healthy|starting))?$/.test(state) ? 'good' : 'bad'}>{state}</ToneBadge>
                <span className="muted cut">{detail}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {evidence.changes.length > 0 && (
        <div>
          <h3 className="part-title">Changes before</h3>
          <ul className="evidence-list">
            {evidence.changes.map(({ at, text }) => (
              <li key={`${at}${text}`}>
                <TimeText at={at} /> <span>{text}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {evidence.logs.length > 0 && (
        <div>
          <h3 className="part-title">Last warnings and errors in the log</h3>
          <ul className="evidence-logs">
            {evidence.logs.map((log, i) => (
              <li key={`${log.at}-${String(i)}`}>
                <TimeText at={log.at} show="time" />
                <SeverityTick severity={levels.has(log.severity) ? (log.severity as Severity) : ''} bare />
                <span className="muted cut">{log.service}</span>
                <span className="code cut" title={log.body}>
                  {log.body}
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {evidence.charts.length + evidence.errors.length + evidence.logs.length + evidence.containers.length === 0 && (
        <p className="muted">Nothing was reported from there in the hour before.</p>
      )}
      {evidence.missing.length > 0 && (
        <details className="fold">
          <summary className="muted">Not captured</summary>
          <ul>
            {evidence.missing.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

/** Moments of a chart in step with what was measured. */
function everyStep({ from, to, stepMs, series }: Evidence['charts'][number]): number[] {
  const step = Math.max(1000, stepMs);
  const measured = series.find(({ points }) => points.length > 0)?.points[0]?.at ?? from;
  const first = measured - Math.floor((measured - from) / step) * step;
  return Array.from(
    { length: Math.min(500, Math.max(0, Math.floor((to - first) / step) + 1)) },
    (_, i) => first + i * step,
  );
}

function capital(text: string): string {
  return /^p\d/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

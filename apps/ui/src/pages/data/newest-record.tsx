import { listIssues, searchLogs, searchTraces } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatDuration } from '../../charts/number-format.ts';
import { SeverityTick } from '../../components/severity-tick.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAsk } from '../../data/ask.ts';
import { LogLine } from '../../records/log-line.tsx';
import { Go, useGo } from '../../shell/go.tsx';

const windowMs = 15 * 60_000;
const stepMs = 60_000;
const againMs = 5_000;

/** The newest record of a signal itself, so that the sender sees what became of what was sent. `at` is its arrival, ms. */
export function NewestRecord({ signal, at }: { signal: string; at: number }): ReactNode {
  // Whole minutes, so that a busy signal does not ask anew with every record.
  const to = Math.ceil(at / stepMs) * stepMs + stepMs;
  const range = { from: to - windowMs, to, limit: 1 };
  if (signal === 'logs') return <NewestLog range={range} />;
  if (signal === 'spans' || signal === 'traces') return <NewestTrace range={range} />;
  return signal === 'errors' ? <NewestIssue range={range} /> : null;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

function NewestLog({ range }: { range: Range }): ReactNode {
  const go = useGo();
  const row = useAsk(searchLogs, { query: range }, { everyMs: againMs }).data?.rows[0];
  if (row === undefined) return null;
  return (
    <div className="log-context newest">
      <LogLine row={row} words={[]} onOpen={(id) => go('/logs', { row: id })} />
    </div>
  );
}

function NewestTrace({ range }: { range: Range }): ReactNode {
  const trace = useAsk(searchTraces, { query: range }, { everyMs: againMs }).data?.traces[0];
  if (trace === undefined) return null;
  return (
    <Go to={`/traces/${trace.traceId}`} className="newest newest-line">
      <TimeText at={trace.at} show="time-ms" />
      <span>
        <b>{trace.rootService || 'unknown'}</b> {trace.rootName || '(root not received)'}
      </span>
      <span className="muted">
        {trace.spans === 1 ? '1 span' : `${trace.spans} spans`}, {formatDuration(trace.durationMs)}
      </span>
    </Go>
  );
}

function NewestIssue({ range }: { range: Range }): ReactNode {
  const asked = useAsk(listIssues, { query: { ...range, status: 'all' } }, { everyMs: againMs });
  const issue = asked.data?.issues[0];
  if (issue === undefined) return null;
  return (
    <Go to={`/errors/${issue.issue}`} className="newest newest-line">
      <SeverityTick severity={issue.severity} bare />
      <span>
        <b>{issue.type}</b> {issue.message}
      </span>
      <span className="muted">{issue.service}</span>
    </Go>
  );
}

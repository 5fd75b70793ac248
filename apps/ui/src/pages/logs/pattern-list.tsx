import { logPatterns, type LogPattern } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { formatBytes, formatCount, formatDuration } from '../../charts/number-format.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SeverityTick } from '../../components/severity-tick.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useMe } from '../../data/session.tsx';
import { useGo } from '../../shell/go.tsx';
import { useAsk } from '../../data/ask.ts';
import type { useScope } from '../../data/scope.ts';
import { leaveOutPhrases } from '../../search/query-edit.ts';
import { useKeys } from '../../shell/keys.ts';
import { PatternDetail } from './pattern-detail.tsx';

interface PatternListProps {
  readonly scope: ReturnType<typeof useScope>['query'];
  readonly q: string;
  /** Whether they are mined in the archive too. */
  readonly archive: boolean;
  readonly onLeaveArchive: () => void;
  /** Shows the lines of a search. */
  readonly onQuery: (q: string) => void;
  /** Shows the patterns of a search. */
  readonly onNarrow: (q: string) => void;
}

/** What the lines of a search have in common: one row for each kind of line, the most frequent first. A row opens to what differs in it. */
export function PatternList({ scope, q, archive, onLeaveArchive, onQuery, onNarrow }: PatternListProps): ReactNode {
  const go = useGo();
  const me = useMe();
  const [open, setOpen] = useState('');
  const [at, setAt] = useState(-1);
  const patterns = useAsk(logPatterns, {
    query: { ...scope, q, limit: 200, archive: archive ? 'true' : 'false' },
  });
  const count = patterns.data?.patterns.length ?? 0;
  const step = (by: number): void => {
    const next = Math.max(0, Math.min(count - 1, at + by));
    setAt(next);
    document.querySelector<HTMLElement>(`[data-pattern="${next}"]`)?.focus();
  };
  const chosen = patterns.data?.patterns[at];
  useKeys([
    { keys: 'j', title: 'Next pattern', run: () => step(1) },
    { keys: 'k', title: 'Previous pattern', run: () => step(-1) },
    {
      keys: 'x',
      title: 'Leave the pattern out',
      run: () => chosen !== undefined && onNarrow(leaveOutPhrases(q, chosen.phrases)),
    },
  ]);
  if (patterns.data === undefined) {
    if (patterns.error !== null)
      return (
        <>
          <ErrorState
            error={patterns.error}
            kept="Your search stands in the address."
            again={() => void patterns.refetch()}
          />
          {archive && (
            <p className="logs-count">
              <button type="button" className="plain-button" onClick={onLeaveArchive}>
                Leave the archive
              </button>
            </p>
          )}
        </>
      );
    return <SkeletonRows rows={12} height={36} />;
  }
  const { data } = patterns;
  if (data.patterns.length === 0)
    return (
      <EmptyState
        compact
        title="No patterns"
        text="No line in this scope and time range fits the search, so there is nothing to group."
      />
    );
  return (
    <section className="patterns" data-keeps-place="patterns" aria-label="Patterns">
      <p className="logs-count muted">
        {formatCount(data.patterns.length)} {data.patterns.length === 1 ? 'pattern' : 'patterns'} of{' '}
        {formatCount(data.total)} lines
        {data.sampled < data.total && ` · counts estimated from ${formatCount(data.sampled)} of them`}
        {data.reached !== undefined && ` · with ${formatBytes(data.reached.bytes)} of the archive`}
        {(data.reached?.missing.length ?? 0) > 0 && (
          <span title={data.reached?.missing.join('\n')}>
            {` · ${formatCount(data.reached?.missing.length ?? 0)} archived files could not be read`}
          </span>
        )}
        {data.other > 0 && ` · ${formatCount(data.other)} ${data.other === 1 ? 'line fits' : 'lines fit'} none`} ·{' '}
        {formatDuration(data.tookMs)}
        {archive && (
          <>
            {' · '}
            <button type="button" className="plain-button" onClick={onLeaveArchive}>
              Leave the archive
            </button>
          </>
        )}
        {me.may('admin') && (
          <>
            {' · '}
            <button
              type="button"
              className="plain-button"
              title="A rule that tells when a line of a new kind comes"
              onClick={() => go('/rules/new', { source: 'pattern', q })}
            >
              Alert on new patterns
            </button>
          </>
        )}
      </p>
      <ul className="pattern-list">
        {data.patterns.map((pattern, index) => (
          <PatternRow
            key={pattern.template}
            pattern={pattern}
            index={index}
            from={scope.from}
            stepMs={data.stepMs}
            open={pattern.template === open}
            onOpen={() => setOpen(pattern.template === open ? '' : pattern.template)}
            onFocus={() => setAt(index)}
          >
            <PatternDetail
              scope={scope}
              q={q}
              archive={archive}
              pattern={pattern}
              onQuery={onQuery}
              onNarrow={onNarrow}
            />
          </PatternRow>
        ))}
      </ul>
    </section>
  );
}

function PatternRow({
  pattern,
  index,
  from,
  stepMs,
  open,
  onOpen,
  onFocus,
  children,
}: {
  readonly pattern: LogPattern;
  readonly index: number;
  readonly from: number;
  readonly stepMs: number;
  readonly open: boolean;
  readonly onOpen: () => void;
  readonly onFocus: () => void;
  readonly children: ReactNode;
}): ReactNode {
  const { template, count, share, trend, firstSeen, severity, example, newSince } = pattern;
  const points = trend.map((value, step) => ({ at: from + step * stepMs, value }));
  const parts = template.split('<_>');
  return (
    <li data-open={open ? '' : undefined}>
      <button
        type="button"
        className="pattern-row"
        data-pattern={index}
        aria-expanded={open}
        onClick={onOpen}
        onFocus={onFocus}
        title={example}
      >
        <SeverityTick severity={severity} />
        <span className="pattern-count">{formatCount(count)}</span>
        <span className="pattern-share muted">{share < 0.001 ? '< 0.1 %' : `${(share * 100).toFixed(1)} %`}</span>
        <span className="pattern-trend">
          <Sparkline kind="bars" points={points} label="Lines over time" />
        </span>
        <code className="pattern-text">
          {newSince !== null && (
            <span
              className="chip pattern-new"
              title="A rule for new patterns saw it for the first time within the last day"
            >
              new
            </span>
          )}
          {parts.map((part, place) => (
            // The parts of a template have no other identity than their place.
            // oxlint-disable-next-line react/no-array-index-key
            <span key={place}>
              {part}
              {place < parts.length - 1 && <mark className="pattern-part">&lt;_&gt;</mark>}
            </span>
          ))}
        </code>
        <span className="pattern-first muted">
          first <TimeText at={newSince ?? firstSeen} />
        </span>
      </button>
      {open && children}
    </li>
  );
}

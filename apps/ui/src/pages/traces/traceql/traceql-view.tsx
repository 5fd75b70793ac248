import { queryTraceql, type MatchedTrace } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount, formatDuration } from '../../../charts/number-format.ts';
import { EmptyState } from '../../../components/empty-state.tsx';
import { ErrorState } from '../../../components/error-state.tsx';
import { counted } from '../../../components/number-text.ts';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import { TimeText } from '../../../components/time-text.tsx';
import { useAddress } from '../../../data/address.ts';
import { useAsk } from '../../../data/ask.ts';
import { useScope } from '../../../data/scope.ts';
import { useCompletedIn } from '../../../editor/use-completed-in.ts';
import { SeriesAnswer } from '../../../promql/series-answer.tsx';
import { LanguageBox, LanguageExamples } from '../../../search/language-box.tsx';
import { Go } from '../../../shell/go.tsx';
import { ComparisonTable } from './comparison-table.tsx';
import { HistogramField, isHistogram } from './histogram-field.tsx';
import { traceqlLanguage } from './traceql-offers.ts';
import './traceql.css';

const mostTraces = 100;
const shownSpans = 5;
const examples = [
  '{ status = error }',
  '{ kind = server } >> { status = error && duration > 100ms }',
  '{ kind = client } | count() > 10',
  '{ kind = server } | rate() by (resource.service.name)',
  '{ kind = server } | quantile_over_time(duration, 0.5, 0.95) by (resource.service.name)',
  '{ kind = server } | histogram_over_time(duration)',
  '{ kind = server } | compare({ status = error })',
  '100 * ({ status = error } | rate() by (resource.service.name)) / ({} | rate() by (resource.service.name))',
];

/** One TraceQL query: traces with the spans that matched, or series over time. It stands in the address. */
export function TraceqlView(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope, setRange, refresh } = useScope();
  const q = search['q'] ?? '';
  const language = useCompletedIn(traceqlLanguage, scope);
  const asked = useAsk(
    queryTraceql,
    { query: { ...scope, q, limit: mostTraces, spans: shownSpans } },
    { when: q !== '' },
  );
  const run = (next: string): void => {
    if (next === q) {
      refresh();
      void asked.refetch();
    } else setSearch({ q: next }, { push: true });
  };
  const answer = q === '' || asked.error !== null ? undefined : asked.data;
  const histogram =
    answer?.found.kind === 'metrics' && isHistogram(answer.found.columns) ? (
      <HistogramField
        data={answer.found.columns}
        inSeconds={answer.found.unit === 's'}
        query={q}
        from={scope.from}
        to={scope.to}
        onRange={setRange}
      />
    ) : undefined;
  return (
    <>
      <LanguageBox
        label="TraceQL"
        language={language}
        placeholder="{ status = error && duration > 500ms }"
        value={q}
        busy={asked.isFetching && answer === undefined}
        problem={asked.error}
        onRun={run}
      />
      {q === '' && (
        <LanguageExamples
          title="Ask in TraceQL"
          text="Spansets in braces, joined by their place in the trace (>>, >, ~), counted and compared; with rate() and the like, a chart over time. Attributes, values and functions are offered as you write; Enter runs the query."
          examples={examples}
          onRun={run}
        />
      )}
      {q !== '' && asked.isPending && <SkeletonRows rows={12} height={36} />}
      {asked.error !== null && asked.error.position === undefined && (
        <ErrorState error={asked.error} kept="The query stands in the address." again={() => void asked.refetch()} />
      )}
      {answer?.found.kind === 'traces' && (
        <div className="traceql-found" data-stale={asked.isPlaceholderData ? '' : undefined}>
          <p className="muted" role="status">
            {counted(answer.found.traces.length, 'trace')} of {formatCount(answer.found.inspected)} that were looked at
            · {formatDuration(answer.tookMs)}
            {!answer.found.complete && ' · the search ended at its bounds: a shorter range sees all of it'}
            {answer.found.traces.length >= mostTraces && ' · the newest are shown'}
          </p>
          {answer.found.traces.length === 0 ? (
            <EmptyState
              compact
              title="No trace matches"
              text="The query is right, but nothing in this scope and time range fits it."
            />
          ) : (
            <ol className="traceql-list">
              {answer.found.traces.map((trace) => (
                <Trace key={trace.traceId} trace={trace} />
              ))}
            </ol>
          )}
        </div>
      )}
      {answer?.found.kind === 'metrics' && (
        <div className="traceql-found" data-stale={asked.isPlaceholderData ? '' : undefined}>
          <p className="muted" role="status">
            {formatCount(answer.found.columns.series.length + answer.found.columns.more)} series · every{' '}
            {formatDuration(answer.found.columns.stepMs)} · {formatDuration(answer.tookMs)}
          </p>
          <SeriesAnswer
            data={answer.found.columns}
            query={q}
            from={scope.from}
            to={scope.to}
            stepMs={answer.found.columns.stepMs}
            format={histogram === undefined && answer.found.unit === 's' ? formatSeconds : undefined}
            instead={histogram}
            onRange={setRange}
          />
        </div>
      )}
      {answer?.found.kind === 'comparison' && (
        <div className="traceql-found" data-stale={asked.isPlaceholderData ? '' : undefined}>
          <ComparisonTable found={answer.found} tookMs={answer.tookMs} />
        </div>
      )}
    </>
  );
}

const formatSeconds = (seconds: number): string => formatDuration(seconds * 1000);

function Trace({ trace }: { trace: MatchedTrace }): ReactNode {
  return (
    <li className="traceql-trace">
      <div className="traceql-head">
        <span className="muted">
          <TimeText at={trace.at} show="date-time" />
        </span>
        <Go to={`/traces/${trace.traceId}`} className="traceql-name">
          <b>{trace.rootService || 'unknown'}</b> {trace.rootName || '(root not received)'}
        </Go>
        <span className="muted">{counted(trace.spans, 'span')}</span>
        {trace.errors > 0 && (
          <span data-tone="bad" className="toned">
            ▲ {counted(trace.errors, 'error')}
          </span>
        )}
        <span className="figure">{formatDuration(trace.durationMs)}</span>
      </div>
      {trace.sets.map((set, index) => (
        // Groups of one trace stay in the order of the answer.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={index} className="traceql-set">
          {(trace.sets.length > 1 || Object.keys(set.values).length > 0) && <Values values={set.values} />}
          <ul>
            {set.spans.map((span) => (
              <li key={span.spanId}>
                <Go to={`/traces/${trace.traceId}`} search={{ span: span.spanId }} className="traceql-span">
                  {span.name}
                </Go>
                <span className="muted">{formatDuration(span.durationMs)}</span>
                <Values values={span.values} />
              </li>
            ))}
          </ul>
          {set.matched > set.spans.length && (
            <span className="muted">{counted(set.matched - set.spans.length, 'more span')} matched</span>
          )}
        </div>
      ))}
    </li>
  );
}

function Values({ values }: { values: MatchedTrace['sets'][number]['values'] }): ReactNode {
  return (
    <span className="traceql-values">
      {Object.entries(values).map(([name, value]) => (
        <span key={name} className="chip" title={`${name} = ${String(value)}`}>
          {name} {value === null ? 'nil' : String(value)}
        </span>
      ))}
    </span>
  );
}

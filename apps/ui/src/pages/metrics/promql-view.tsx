import { stepFor } from '@sightline/contract';
import { useMemo, useState, type ReactNode } from 'react';
import { ErrorState } from '../../components/error-state.tsx';
import { QueryFault } from '../../components/query-fault.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { toggledIn } from '../../components/toggled-in.ts';
import { useAddress } from '../../data/address.ts';
import { useScope } from '../../data/scope.ts';
import { fillFormula } from '../../promql/formula.ts';
import { emptyNotes, joinAnswers } from '../../promql/join-answers.ts';
import { clearHistory, noteQuery, readHistory } from '../../promql/query-history.ts';
import { useColumns } from '../../promql/use-columns.ts';
import { LanguageExamples } from '../../search/language-box.tsx';
import { ExplainView } from './explain-view.tsx';
import { PromqlAnswer } from './promql-answer.tsx';
import { formulaRef, same, type Asked } from './promql-asked.ts';
import { PromqlFacts, PromqlNotes } from './promql-facts.tsx';
import { PromqlLines } from './promql-lines.tsx';

const points = 400;
const chartPx = 320;
const seriesAtMost = 500;
const examples = [
  'sum by (site)(rate(http_server_request_duration_seconds_count[5m]))',
  'histogram_quantile(0.95, sum by (le)(rate(http_server_request_duration_seconds_bucket[5m])))',
  'topk(5, system_cpu_utilization_ratio)',
];

/**
 * PromQL over time as a chart, at the end of the range as a table: one query, a second beside it, and a formula over both. All of
 * it stands in the address.
 */
export function PromqlView(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope, setRange, refresh } = useScope();
  const kept: Asked = { a: search['expr'] ?? '', b: search['b'] ?? '', formula: search['formula'] ?? '' };
  const [written, setWritten] = useState(kept);
  const [shown, setShown] = useState(kept);
  const [history, setHistory] = useState(() => readHistory(window.localStorage));
  const table = search['view'] === 'table';
  const stacked = search['stack'] === '1' && !table;
  const explained = search['explain'] === '1';
  const hidden = new Set((search['hide'] ?? '').split(',').filter((one) => one !== ''));
  const stepMs = stepFor(scope.to - scope.from, points);
  const from = Math.floor(scope.from / stepMs) * stepMs;
  const to = Math.max(from + stepMs, Math.floor(scope.to / stepMs) * stepMs);
  // An address that changed by itself (back, a link) is what is meant.
  if (!same(shown, kept)) {
    setShown(kept);
    setWritten(kept);
  }
  const formula = kept.formula.trim() === '' ? undefined : fillFormula(kept.formula, { A: kept.a, B: kept.b });
  const queries = [
    { ref: 'A', expression: kept.a },
    { ref: 'B', expression: kept.b },
    { ref: formulaRef, expression: formula?.ok === true ? formula.value : '' },
  ].filter(({ ref, expression }) => expression.trim() !== '' && !hidden.has(ref));
  const { environment, site, service } = scope;
  const asked = useColumns(
    queries.length === 0
      ? undefined
      : {
          from,
          to,
          environment,
          site,
          service,
          most: seriesAtMost,
          queries: queries.map((query) => ({ ...query, instant: table, stepMs: table ? 0 : stepMs })),
        },
  );
  const answers = queries.length === 0 ? [] : (asked.data?.answers ?? []);
  const parts = answers.flatMap(({ ref, data }) => (data === null ? [] : [{ ref, data }]));
  const data = useMemo(
    () => joinAnswers(parts),
    // The parts change with the answer and with what is hidden.
    // oxlint-disable-next-line react/exhaustive-deps
    [asked.data, queries.length],
  );
  const faultOf = (ref: string) => answers.find((one) => one.ref === ref)?.fault ?? undefined;
  const run = (next: Asked): void => {
    setHistory([next.a, next.b].toReversed().reduce((_, one) => noteQuery(window.localStorage, one), history));
    setWritten(next);
    if (same(next, kept)) {
      refresh();
      void asked.refetch();
    } else setSearch({ expr: next.a, b: next.b, formula: next.formula }, { push: true });
  };
  const hide = (ref: string): void => {
    setSearch({ hide: [...toggledIn(hidden, ref)].join(',') });
  };
  const nothing = kept.a.trim() === '' && kept.b.trim() === '';
  return (
    <div className="promql">
      <PromqlLines
        written={written}
        onWrite={setWritten}
        onRun={run}
        running={asked.isFetching && asked.data === undefined}
        hidden={hidden}
        onHide={hide}
        faultOf={(ref, text) => {
          const fault = faultOf(ref);
          return fault?.position === undefined || text !== { A: kept.a, B: kept.b }[ref]
            ? undefined
            : { message: fault.message, from: fault.position.from, to: fault.position.to };
        }}
        history={history}
        onForget={() => {
          clearHistory(window.localStorage);
          setHistory([]);
        }}
      />
      {nothing && (
        <LanguageExamples
          title="Ask in PromQL"
          text="Metrics, labels and functions are offered as you write. Enter runs the query, Shift with Enter begins a line."
          examples={examples}
          onRun={(a) => run({ ...written, a })}
        />
      )}
      {formula?.ok === false && <QueryFault message={formula.error} query={kept.formula} position={undefined} />}
      {queries.map(({ ref, expression }) => {
        const fault = faultOf(ref);
        return (
          fault !== undefined && (
            <QueryFault
              key={ref}
              message={queries.length > 1 ? `${ref}: ${fault.message}` : fault.message}
              query={expression}
              position={fault.position}
            />
          )
        );
      })}
      {!nothing && queries.length === 0 && <p className="muted">All queries are hidden: show one.</p>}
      {asked.error !== null && asked.data === undefined && (
        <ErrorState error={asked.error} kept="The query stands in the address." again={() => void asked.refetch()} />
      )}
      {queries.length > 0 && asked.data === undefined && asked.error === null && <Skeleton height={chartPx} />}
      {data !== undefined && (
        <>
          <PromqlFacts
            series={data.series.length + data.more}
            samples={data.samples}
            tookMs={asked.data?.tookMs}
            stepMs={stepMs}
            single={queries.length === 1}
          />
          <PromqlNotes warnings={data.warnings} infos={[...emptyNotes(parts, formulaRef), ...data.infos]} />
          {explained &&
            queries.map(({ ref, expression }) => (
              <ExplainView key={ref} name={queries.length === 1 ? 'the query' : ref} expression={expression} at={to} />
            ))}
          <div className="metric-chart" data-stale={asked.isPlaceholderData ? '' : undefined}>
            <PromqlAnswer
              data={data}
              expressions={queries.map(({ expression }) => expression)}
              beside={queries.length > 1}
              stacked={stacked}
              from={from}
              to={to}
              stepMs={stepMs}
              onRange={setRange}
            />
          </div>
        </>
      )}
    </div>
  );
}

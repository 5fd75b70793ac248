import { Button, Menu, Switch, TextInput } from '@mantine/core';
import { stepFor } from '@sightline/contract';
import { IconAlertTriangle, IconHistory, IconInfoCircle, IconLayoutDashboard } from '@tabler/icons-react';
import { lazy, Suspense, useCallback, useMemo, useState, type ReactNode } from 'react';
import { MarkLine } from '../../charts/mark-line.tsx';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { useMarks } from '../../charts/use-marks.ts';
import { ErrorState } from '../../components/error-state.tsx';
import { QueryFault } from '../../components/query-fault.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { toggledIn } from '../../components/toggled-in.ts';
import { useAddress } from '../../data/address.ts';
import { useScope } from '../../data/scope.ts';
import { ExemplarLine, ExemplarPoints, ExemplarSwitch } from '../../promql/exemplars.tsx';
import { fillFormula } from '../../promql/formula.ts';
import { emptyNotes, joinAnswers, queryLabel } from '../../promql/join-answers.ts';
import { clearHistory, noteQuery, readHistory } from '../../promql/query-history.ts';
import { SeriesAnswer } from '../../promql/series-answer.tsx';
import { useColumns } from '../../promql/use-columns.ts';
import { useExemplars } from '../../promql/use-exemplars.ts';
import { LanguageExamples } from '../../search/language-box.tsx';
import { useGo } from '../../shell/go.tsx';
import { ExplainView } from './explain-view.tsx';

const PromqlEditor = lazy(async () => import('../../promql/promql-editor.tsx'));

const points = 400;
const chartPx = 320;
const seriesAtMost = 500;
const historyShown = 15;
const examples = [
  'sum by (site)(rate(http_server_request_duration_seconds_count[5m]))',
  'histogram_quantile(0.95, sum by (le)(rate(http_server_request_duration_seconds_bucket[5m])))',
  'topk(5, system_cpu_utilization_ratio)',
];

/** What is asked: a query, perhaps a second, and a formula over both. */
interface Asked {
  readonly a: string;
  readonly b: string;
  readonly formula: string;
}
const formulaRef = 'Formula';

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
      <Lines
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
          <div className="row promql-facts">
            <Switch
              size="xs"
              label="Table of the values at the end"
              checked={table}
              onChange={(event) => setSearch({ view: event.currentTarget.checked ? 'table' : '' })}
            />
            {!table && (
              <Switch
                size="xs"
                label="Stacked"
                checked={stacked}
                onChange={(event) => setSearch({ stack: event.currentTarget.checked ? '1' : '' })}
              />
            )}
            <Switch
              size="xs"
              label="Explain"
              checked={explained}
              onChange={(event) => setSearch({ explain: event.currentTarget.checked ? '1' : '' })}
            />
            {!table && !stacked && queries.length === 1 && <ExemplarSwitch />}
            <span className="grow" />
            <span className="muted">
              {formatCount(data.series.length + data.more)} series · {formatCount(data.samples)} samples
              {asked.data !== undefined && ` · ${formatDuration(asked.data.tookMs)}`}
              {!table && ` · every ${formatDuration(stepMs)}`}
            </span>
          </div>
          {[
            ...data.warnings.map((said) => ({ said, warns: true })),
            ...[...emptyNotes(parts, formulaRef), ...data.infos].map((said) => ({ said, warns: false })),
          ].map(({ said, warns }) => (
            <p key={said} className="promql-said" data-tone={warns ? 'warn' : 'idle'}>
              {warns ? <IconAlertTriangle size={14} aria-hidden /> : <IconInfoCircle size={14} aria-hidden />} {said}
            </p>
          ))}
          {explained &&
            queries.map(({ ref, expression }) => (
              <ExplainView key={ref} name={queries.length === 1 ? 'the query' : ref} expression={expression} at={to} />
            ))}
          <div className="metric-chart" data-stale={asked.isPlaceholderData ? '' : undefined}>
            <Answer
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

const same = (one: Asked, other: Asked): boolean =>
  one.a === other.a && one.b === other.b && one.formula === other.formula;

type EditorFault = { readonly message: string; readonly from: number; readonly to: number };

/** The lines in which it is written; the second query and the formula come when they are asked for. */
function Lines(props: {
  written: Asked;
  onWrite: (next: Asked) => void;
  onRun: (next: Asked) => void;
  running: boolean;
  hidden: ReadonlySet<string>;
  onHide: (ref: string) => void;
  faultOf: (ref: 'A' | 'B', text: string) => EditorFault | undefined;
  history: readonly string[];
  onForget: () => void;
}): ReactNode {
  const { written, onWrite, onRun, hidden, onHide, faultOf } = props;
  const go = useGo();
  const [second, setSecond] = useState(false);
  const two = second || written.b !== '' || written.formula !== '';
  const eye = (ref: string): ReactNode =>
    two && (
      <Switch
        size="xs"
        className="promql-shown"
        label="Shown"
        aria-label={`${ref} is shown`}
        checked={!hidden.has(ref)}
        onChange={() => onHide(ref)}
      />
    );
  return (
    <form
      className="promql-lines"
      onSubmit={(event) => {
        event.preventDefault();
        onRun(written);
      }}
    >
      <div className="language-line">
        {two && <strong className="promql-ref">A</strong>}
        <div className="grow">
          <Suspense fallback={<Skeleton height={32} />}>
            <PromqlEditor
              label={two ? 'PromQL of A' : 'PromQL'}
              placeholder="sum by (site)(rate(order_count_total[5m]))"
              value={written.a}
              onChange={(a) => onWrite({ ...written, a })}
              onSubmit={(a) => onRun({ ...written, a })}
              fault={faultOf('A', written.a)}
            />
          </Suspense>
        </div>
        {eye('A')}
        <Button type="submit" loading={props.running}>
          Run
        </Button>
        <Button
          variant="default"
          disabled={written.a.trim() === ''}
          leftSection={<IconLayoutDashboard size={14} aria-hidden />}
          onClick={() =>
            go('/dashboards', { add: written.a, mode: '', expr: '', b: '', formula: '', hide: '', stack: '', view: '' })
          }
        >
          Add to a dashboard
        </Button>
      </div>
      {two && (
        <>
          <div className="language-line">
            <strong className="promql-ref">B</strong>
            <div className="grow">
              <Suspense fallback={<Skeleton height={32} />}>
                <PromqlEditor
                  label="PromQL of B"
                  value={written.b}
                  onChange={(b) => onWrite({ ...written, b })}
                  onSubmit={(b) => onRun({ ...written, b })}
                  fault={faultOf('B', written.b)}
                />
              </Suspense>
            </div>
            {eye('B')}
          </div>
          <div className="language-line">
            <TextInput
              className="grow"
              aria-label="Formula of A and B"
              placeholder="A / B"
              description="A formula of A and B, such as A / B or 100 * A / on(site) B. It stands on the axis at the right."
              value={written.formula}
              maxLength={1000}
              onChange={(event) => onWrite({ ...written, formula: event.currentTarget.value })}
            />
            {eye(formulaRef)}
          </div>
        </>
      )}
      <div className="row">
        {two ? (
          <Button
            variant="default"
            size="compact-xs"
            onClick={() => {
              setSecond(false);
              onRun({ ...written, b: '', formula: '' });
            }}
          >
            Remove the second query
          </Button>
        ) : (
          <Button variant="default" size="compact-xs" onClick={() => setSecond(true)}>
            Add a second query
          </Button>
        )}
        {props.history.length > 0 && (
          <Menu position="bottom-start" width="min(640px, 92vw)">
            <Menu.Target>
              <Button variant="default" size="compact-xs" leftSection={<IconHistory size={12} aria-hidden />}>
                Earlier queries
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>Run in this browser; nobody else sees them</Menu.Label>
              {props.history.slice(0, historyShown).map((one) => (
                <Menu.Item key={one} className="code promql-earlier" onClick={() => onRun({ ...written, a: one })}>
                  {one}
                </Menu.Item>
              ))}
              <Menu.Divider />
              <Menu.Item onClick={props.onForget}>Forget them</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
    </form>
  );
}

type Data = NonNullable<ReturnType<typeof joinAnswers>>;

function Answer(props: {
  data: Data;
  expressions: readonly string[];
  /** Whether several queries are drawn together: then the formula has an axis of its own. */
  beside: boolean;
  stacked: boolean;
  from: number;
  to: number;
  stepMs: number;
  onRange: (from: number, to: number) => void;
}): ReactNode {
  const { data, expressions, beside, stacked, from, to, stepMs, onRange } = props;
  const { environment, site, service } = useScope().query;
  const scope = { from, to, environment, site, service };
  const { marks, error: marksError } = useMarks(scope);
  const wanted = useAddress().search['exemplars'] !== 'off';
  // On two axes, and on stacks, a measurement's own value has no place.
  const withExemplars = wanted && !beside && !stacked;
  const chart = data.type === 'matrix' && data.stepMs > 0 && data.series.length > 0;
  const exemplars = useExemplars(scope, chart && withExemplars ? expressions : []);
  const isFormula = useCallback((labels: Readonly<Record<string, string>>) => labels[queryLabel] === formulaRef, []);
  return (
    <SeriesAnswer
      data={data}
      query={expressions.join(', ')}
      from={from}
      to={to}
      stepMs={stepMs}
      marks={marks.marks}
      stacked={stacked}
      atRight={beside ? isFormula : undefined}
      renderOver={
        withExemplars
          ? (share) => (
              <ExemplarPoints exemplars={exemplars.found} from={from} to={to} share={share} format={formatCount} />
            )
          : undefined
      }
      under={
        <div className="row under-chart">
          {withExemplars && <ExemplarLine exemplars={exemplars} format={formatCount} />}
          <MarkLine marks={marks} error={marksError} />
        </div>
      }
      onRange={onRange}
    />
  );
}

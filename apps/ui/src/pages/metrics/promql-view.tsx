import { Button, Switch } from '@mantine/core';
import { stepFor } from '@sightline/contract';
import { IconAlertTriangle, IconInfoCircle, IconLayoutDashboard } from '@tabler/icons-react';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { MarkLine } from '../../charts/mark-line.tsx';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { useMarks } from '../../charts/use-marks.ts';
import { ErrorState } from '../../components/error-state.tsx';
import { QueryFault } from '../../components/query-fault.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { useAddress } from '../../data/address.ts';
import { useScope } from '../../data/scope.ts';
import { ExemplarLine, ExemplarPoints, ExemplarSwitch } from '../../promql/exemplars.tsx';
import { SeriesAnswer } from '../../promql/series-answer.tsx';
import { useColumns } from '../../promql/use-columns.ts';
import { useExemplars } from '../../promql/use-exemplars.ts';
import { LanguageExamples } from '../../search/language-box.tsx';
import { useGo } from '../../shell/go.tsx';

const PromqlEditor = lazy(async () => import('../../promql/promql-editor.tsx'));

const points = 400;
const chartPx = 320;
const seriesAtMost = 500;
const examples = [
  'sum by (site)(rate(http_server_request_duration_seconds_count[5m]))',
  'histogram_quantile(0.95, sum by (le)(rate(http_server_request_duration_seconds_bucket[5m])))',
  'topk(5, system_cpu_utilization_ratio)',
];

/** One PromQL expression: over time as a chart, at the end of the range as a table. It stands in the address. */
export function PromqlView(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope, setRange, refresh } = useScope();
  const go = useGo();
  const expression = search['expr'] ?? '';
  const [text, setText] = useState(expression);
  const [shownExpression, setShown] = useState(expression);
  const table = search['view'] === 'table';
  const stepMs = stepFor(scope.to - scope.from, points);
  const from = Math.floor(scope.from / stepMs) * stepMs;
  const to = Math.max(from + stepMs, Math.floor(scope.to / stepMs) * stepMs);
  // An address that changed by itself (back, a link) is what is meant.
  if (shownExpression !== expression) {
    setShown(expression);
    setText(expression);
  }
  const { environment, site, service } = scope;
  const asked = useColumns(
    expression.trim() === ''
      ? undefined
      : {
          from,
          to,
          environment,
          site,
          service,
          most: seriesAtMost,
          queries: [{ ref: 'A', expression, instant: table, stepMs: table ? 0 : stepMs }],
        },
  );
  const answer = expression.trim() === '' ? undefined : asked.data?.answers[0];
  const fault = answer?.fault ?? undefined;
  const run = (next: string): void => {
    if (next === expression) {
      refresh();
      void asked.refetch();
    } else setSearch({ expr: next }, { push: true });
  };
  return (
    <div className="promql">
      <form
        className="language-line"
        onSubmit={(event) => {
          event.preventDefault();
          run(text);
        }}
      >
        <div className="grow">
          <Suspense fallback={<Skeleton height={32} />}>
            <PromqlEditor
              label="PromQL"
              placeholder="sum by (site)(rate(order_count_total[5m]))"
              value={text}
              onChange={setText}
              onSubmit={run}
              fault={
                fault?.position === undefined || text !== expression
                  ? undefined
                  : { message: fault.message, from: fault.position.from, to: fault.position.to }
              }
            />
          </Suspense>
        </div>
        <Button type="submit" loading={asked.isFetching && asked.data === undefined}>
          Run
        </Button>
        <Button
          variant="default"
          disabled={text.trim() === ''}
          leftSection={<IconLayoutDashboard size={14} aria-hidden />}
          onClick={() => go('/dashboards', { add: text, mode: '', expr: '', view: '' })}
        >
          Add to a dashboard
        </Button>
      </form>
      {expression.trim() === '' && (
        <LanguageExamples
          title="Ask in PromQL"
          text="Metrics, labels and functions are offered as you write. Enter runs the query, Shift with Enter begins a line."
          examples={examples}
          onRun={run}
        />
      )}
      {fault !== undefined && <QueryFault message={fault.message} query={expression} position={fault.position} />}
      {asked.error !== null && asked.data === undefined && (
        <ErrorState error={asked.error} kept="The query stands in the address." again={() => void asked.refetch()} />
      )}
      {expression.trim() !== '' && asked.data === undefined && asked.error === null && <Skeleton height={chartPx} />}
      {answer?.data && (
        <>
          <div className="row promql-facts">
            <Switch
              size="xs"
              label="Table of the values at the end"
              checked={table}
              onChange={(event) => setSearch({ view: event.currentTarget.checked ? 'table' : '' })}
            />
            {!table && <ExemplarSwitch />}
            <span className="grow" />
            <span className="muted">
              {formatCount(answer.data.series.length + answer.data.more)} series · {formatCount(answer.data.samples)}{' '}
              samples
              {asked.data !== undefined && ` · ${formatDuration(asked.data.tookMs)}`}
              {!table && ` · every ${formatDuration(stepMs)}`}
            </span>
          </div>
          {[
            ...answer.data.warnings.map((said) => ({ said, warns: true })),
            ...answer.data.infos.map((said) => ({ said, warns: false })),
          ].map(({ said, warns }) => (
            <p key={said} className="promql-said" data-tone={warns ? 'warn' : 'idle'}>
              {warns ? <IconAlertTriangle size={14} aria-hidden /> : <IconInfoCircle size={14} aria-hidden />} {said}
            </p>
          ))}
          <div className="metric-chart" data-stale={asked.isPlaceholderData ? '' : undefined}>
            <Answer data={answer.data} expression={expression} from={from} to={to} stepMs={stepMs} onRange={setRange} />
          </div>
        </>
      )}
    </div>
  );
}

type Data = NonNullable<NonNullable<ReturnType<typeof useColumns>['data']>['answers'][number]['data']>;

function Answer(props: {
  data: Data;
  expression: string;
  from: number;
  to: number;
  stepMs: number;
  onRange: (from: number, to: number) => void;
}): ReactNode {
  const { data, expression, from, to, stepMs, onRange } = props;
  const { environment, site, service } = useScope().query;
  const scope = { from, to, environment, site, service };
  const { marks, error: marksError } = useMarks(scope);
  const withExemplars = useAddress().search['exemplars'] !== 'off';
  const chart = data.type === 'matrix' && data.stepMs > 0 && data.series.length > 0;
  const exemplars = useExemplars(scope, chart && withExemplars ? [expression] : []);
  return (
    <SeriesAnswer
      data={data}
      query={expression}
      from={from}
      to={to}
      stepMs={stepMs}
      marks={marks.marks}
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

import { listMetrics } from '@sightline/contract';
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedValue, useMediaQuery } from '@mantine/hooks';
import { useState, type ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { FoldedNotice } from '../../components/folded-notice.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { useGo } from '../../shell/go.tsx';
import { CardinalityView } from './cardinality-view.tsx';
import { MetricView } from './metric-view.tsx';
import { PromqlView } from './promql-view.tsx';
import { unitWord } from './where.ts';
import './metrics.css';

type Metric = Reply<typeof listMetrics>['metrics'][number];

/** Metrics by name, PromQL, or how many series there are: which of them stands in the address (`?mode=promql`). */
export default function MetricsPage(): ReactNode {
  const { search, setSearch } = useAddress();
  const mode = search['mode'] === 'promql' || search['mode'] === 'cardinality' ? search['mode'] : 'browse';
  const switcher = (
    <SegmentedControl
      size="xs"
      aria-label="How to look for metrics"
      data={[
        { value: 'browse', label: 'By name' },
        { value: 'promql', label: 'PromQL' },
        { value: 'cardinality', label: 'Cardinality' },
      ]}
      value={mode}
      onChange={(next) => setSearch({ mode: next === 'browse' ? '' : next }, { push: true })}
    />
  );
  if (mode === 'browse') return <MetricsByName switcher={switcher} />;
  return (
    <div className="page">
      <div className="page-head">
        <h1>Metrics</h1>
        {switcher}
      </div>
      {mode === 'promql' ? <PromqlView /> : <CardinalityView />}
    </div>
  );
}

/** Metrics that were received, and one of them over time. Metric, aggregate, grouping and filters stand in the address. */
function MetricsByName({ switcher }: { switcher: ReactNode }): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope } = useScope();
  const go = useGo();
  const narrow = useMediaQuery('(max-width: 900px)');
  const [text, setText] = useState(search['find'] ?? '');
  const [q] = useDebouncedValue(text, 200);
  const asked = useAsk(listMetrics, { query: { ...scope, q } });
  const chosen = search['metric'] ?? '';
  const metrics = asked.data?.metrics ?? [];
  const choose = (metric: string) =>
    setSearch({ metric, aggregate: '', by: '', where: '', find: text }, { push: true });
  const empty = asked.data !== undefined && metrics.length === 0 && q === '';
  if (empty && chosen === '') {
    return (
      <div className="page">
        <div className="page-head">
          <h1>Metrics</h1>
          {switcher}
        </div>
        <EmptyState
          title="No metrics in this time range"
          text="Prometheus remote write and OpenTelemetry metrics arrive here without further set-up."
          action={<Button onClick={() => go('/data')}>Send data</Button>}
        />
      </div>
    );
  }
  const list = (
    <div className="metric-list">
      <TextInput
        aria-label="Find a metric"
        placeholder="Find a metric"
        value={text}
        maxLength={200}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {asked.data === undefined && asked.error === null && <SkeletonRows rows={16} height={40} />}
      {asked.error !== null && asked.data === undefined && (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      )}
      {asked.data !== undefined && metrics.length === 0 && <p className="muted">No metric is called so.</p>}
      <ul aria-label="Metrics">
        {metrics.slice(0, 500).map((metric) => (
          <MetricLine key={metric.metric} metric={metric} chosen={metric.metric === chosen} onChoose={choose} />
        ))}
      </ul>
      {metrics.length > 500 && <p className="muted">{metrics.length - 500} more; type a part of the name.</p>}
    </div>
  );
  return (
    <div className="page metrics-page">
      <div className="page-head">
        <h1>Metrics</h1>
        {switcher}
        {narrow && chosen !== '' && (
          <Button variant="default" onClick={() => setSearch({ metric: '' }, { push: true })}>
            All metrics
          </Button>
        )}
      </div>
      <FoldedNotice {...(chosen === '' ? {} : { of: chosen })} />
      <div className="metrics-split">
        {(!narrow || chosen === '') && list}
        {(!narrow || chosen !== '') && (
          <div className="metric-main">
            {chosen === '' ? (
              <EmptyState
                compact
                title="Choose a metric"
                text="Its values are drawn over the time range above; group and filter them by their labels."
                action={
                  metrics[0] !== undefined && (
                    <Button variant="default" onClick={() => choose(metrics[0]?.metric ?? '')}>
                      Draw {metrics[0].metric}
                    </Button>
                  )
                }
              />
            ) : (
              <MetricView key={chosen} metric={chosen} info={metrics.find(({ metric }) => metric === chosen)} />
            )}
          </div>
        )}
      </div>
    </div>
  );
}

function MetricLine({
  metric,
  chosen,
  onChoose,
}: {
  metric: Metric;
  chosen: boolean;
  onChoose: (metric: string) => void;
}): ReactNode {
  return (
    <li>
      <button
        type="button"
        className="metric-line"
        aria-current={chosen ? 'true' : undefined}
        onClick={() => onChoose(metric.metric)}
      >
        <span className="metric-name code">{metric.metric}</span>
        <span className="metric-facts">
          {[metric.type, unitWord(metric.unit), `${formatCount(metric.series)} series`]
            .filter((part) => part !== '')
            .join(' · ')}
        </span>
      </button>
    </li>
  );
}

import { metricCardinality } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { Go } from '../../shell/go.tsx';
import { nearLimit } from './near-limit.ts';

type Cardinality = Reply<typeof metricCardinality>;

const everyMs = 60_000;

/** How many series there are, by metric and by label, how near that is to the limits, and what met them. */
export function CardinalityView(): ReactNode {
  const { data, error, refetch } = useAsk(metricCardinality, {}, { everyMs });
  if (data === undefined)
    return error === null ? <SkeletonRows rows={12} /> : <ErrorState error={error} again={() => void refetch()} />;
  if (data.series === 0)
    return (
      <EmptyState
        compact
        title="No series take samples at present"
        text="Each distinct set of labels of a metric is a series. They are counted here while they are written."
      />
    );
  return (
    <>
      <dl className="facts cardinality-facts">
        <div>
          <dt>Series that take samples</dt>
          <dd>
            <Against series={data.series} limit={data.limit} label="Series of the organisation" />
          </dd>
        </div>
        <div>
          <dt>A metric may have</dt>
          <dd>{data.metricLimit === null ? 'not known here' : `${formatCount(data.metricLimit)} series`}</dd>
        </div>
      </dl>
      <FoldedTable data={data} />
      <div className="cardinality-split">
        <section className="panel" aria-label="Series by metric">
          <header className="panel-head">
            <h2>By metric</h2>
          </header>
          <ScrollX label="Table of series by metric">
            <table className="table one-line cardinality-table">
              <thead>
                <tr>
                  <th>Metric</th>
                  <th className="number">Series</th>
                  <th className="number">Of all</th>
                </tr>
              </thead>
              <tbody>
                {data.byMetric.map(({ metric, series }) => (
                  <tr key={metric}>
                    <td className="code">
                      <Go to="/metrics" search={{ metric: metric.replace(/_(?:bucket|count|sum)$/, ''), mode: '' }}>
                        {metric}
                      </Go>
                    </td>
                    <td className="number">
                      <Against series={series} limit={data.metricLimit} label={`Series of ${metric}`} bare />
                    </td>
                    <td className="number muted">{((100 * series) / data.series).toFixed(1)} %</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollX>
          {data.byMetric.length === mostListed && <p className="muted panel-body">The {mostListed} greatest.</p>}
        </section>
        <section className="panel" aria-label="Values by label">
          <header className="panel-head">
            <h2>By label</h2>
          </header>
          <ScrollX label="Table of values by label">
            <table className="table one-line cardinality-table">
              <thead>
                <tr>
                  <th>Label</th>
                  <th className="number">Distinct values</th>
                </tr>
              </thead>
              <tbody>
                {data.byLabel.map(({ label, values }) => (
                  <tr key={label}>
                    <td className="code">
                      <Go
                        to="/metrics"
                        search={{
                          mode: 'promql',
                          view: 'table',
                          expr: `topk(20, count by (__name__)({${quoted(label)}!=""}))`,
                        }}
                        title={`Which metrics have ${label}`}
                      >
                        {label}
                      </Go>
                    </td>
                    <td className="number">{formatCount(values)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollX>
          {data.byLabel.length === mostListed && <p className="muted panel-body">The {mostListed} greatest.</p>}
        </section>
      </div>
    </>
  );
}

const mostListed = 100;

const quoted = (label: string): string => (/^[a-zA-Z_]\w*$/.test(label) ? label : JSON.stringify(label));

function Against(props: { series: number; limit: number | null; label: string; bare?: boolean }): ReactNode {
  const { series, limit, label, bare = false } = props;
  const { tone, word } = nearLimit(series, limit);
  const text = limit === null || bare ? formatCount(series) : `${formatCount(series)} of ${formatCount(limit)}`;
  return (
    <>
      {word === '' ? text : <ToneBadge tone={tone}>{`${text}, ${word}`}</ToneBadge>}
      {limit !== null && !bare && (
        <div
          className="limit-meter"
          role="meter"
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={limit}
          aria-valuenow={series}
          data-tone={tone}
        >
          <div style={{ width: `${Math.min(100, (100 * series) / limit)}%` }} />
        </div>
      )}
    </>
  );
}

function FoldedTable({ data }: { data: Cardinality }): ReactNode {
  if (data.folded.length === 0) return <p className="muted">No metric met a limit within a week.</p>;
  return (
    <section className="panel" aria-label="Metrics that met a limit">
      <header className="panel-head">
        <h2>Over the limit</h2>
      </header>
      <p className="panel-body muted">
        New series of these metrics are added up in one series, <code>{'{overflow="true"}'}</code>; those that were
        known before go on. Drop a label that has many values (a relabel rule, a pipeline or the client), or raise{' '}
        <code>--metric-series-limit</code>.
      </p>
      <ScrollX label="Table of metrics that met a limit">
        <table className="table one-line cardinality-table">
          <thead>
            <tr>
              <th>Metric</th>
              <th>Since</th>
              <th>Last, to the hour</th>
            </tr>
          </thead>
          <tbody>
            {data.folded.map(({ metric, sinceAt, lastAt }) => (
              <tr key={metric}>
                <td className="code">
                  <Go
                    to="/metrics"
                    search={{ mode: 'promql', expr: `{__name__=${JSON.stringify(metric)},overflow="true"}` }}
                  >
                    {metric}
                  </Go>
                </td>
                <td>
                  <TimeText at={sinceAt} />
                </td>
                <td>{lastAt === null ? '–' : <TimeText at={lastAt} show="relative" />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}

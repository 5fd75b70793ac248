import { getScrapeTarget, type ScrapeTarget } from '@sightline/contract';
import type { ReactNode } from 'react';
import { ColumnChart } from '../../charts/column-chart.tsx';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { Drawer } from '../../components/drawer.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAsk } from '../../data/ask.ts';
import { useNow } from '../../data/now.ts';
import { useScope } from '../../data/scope.ts';
import { useColumns } from '../../promql/use-columns.ts';
import { Go } from '../../shell/go.tsx';
import { healthTones, seriesOf } from './scrape-words.ts';

const chartPx = 140;
const stepMs = 15_000;
const rangeMs = 3_600_000;

/** One target: what discovery said of it, what relabelling made of that, and how its scrapes went during the last hour. */
export function ScrapeTargetDrawer({ target, onClose }: { target: ScrapeTarget; onClose: () => void }): ReactNode {
  const { agent, job, url, labels, health, lastError, lastScrapeAt, lastScrapeMs, interval } = target;
  const asked = useAsk(getScrapeTarget, { query: { job, url, labels: JSON.stringify(labels) } });
  // The page's clock moves every 10 s: a scrape since then is of now, not to come.
  const clock = useNow();
  const { to: now } = useScope().query;
  const to = Math.floor(now / stepMs) * stepMs;
  const from = to - rangeMs;
  const nowhere = { environment: '', site: '', service: '' };
  const measured = useColumns({
    ...nowhere,
    from,
    to,
    most: 10,
    queries: [
      { ref: 'up', expression: seriesOf('up', labels), stepMs },
      { ref: 'samples', expression: seriesOf('scrape_samples_scraped', labels), instant: true },
      { ref: 'kept', expression: seriesOf('scrape_samples_post_metric_relabeling', labels), instant: true },
    ],
  });
  const answer = (ref: string) => measured.data?.answers.find((one) => one.ref === ref)?.data;
  const up = answer('up');
  const number = (ref: string): string => {
    const value = answer(ref)?.series[0]?.values.at(-1);
    return typeof value === 'number' ? formatCount(value) : '–';
  };
  const found = asked.data?.targets.find((one) => JSON.stringify(one.labels) === JSON.stringify(labels));
  return (
    <Drawer title={url} label={`Target ${url}`} width={680} onClose={onClose}>
      <div className="drawer-parts">
        <div className="row">
          <ToneBadge tone={healthTones[health]}>{health}</ToneBadge>
          <span>
            Scrape pool <strong>{job}</strong>, every {interval}
            {found !== undefined && `, given up after ${found.timeout}`}
          </span>
        </div>
        {lastError !== '' && <p className="form-problem">{lastError}</p>}
        <dl className="scrape-facts">
          <dt>Scraped by</dt>
          <dd>{agent === '' ? 'this server' : `the agent ${agent}`}</dd>
          <dt>Last scrape</dt>
          <dd>{lastScrapeAt === null ? 'not yet' : <TimeText at={Math.min(lastScrapeAt, clock)} show="relative" />}</dd>
          <dt>Took</dt>
          <dd>{lastScrapeAt === null ? '–' : formatDuration(lastScrapeMs)}</dd>
          <dt>Samples</dt>
          <dd>
            {number('samples')}, {number('kept')} after relabelling
          </dd>
        </dl>
        <section aria-label="Up">
          <h3 className="part-title">Up during the last hour</h3>
          {up === undefined || up === null ? (
            measured.error === null ? (
              <Skeleton height={chartPx} />
            ) : (
              <ErrorState error={measured.error} again={() => void measured.refetch()} />
            )
          ) : (
            <ColumnChart
              times={up.times}
              columns={up.series.map(({ values }) => ({ name: 'up', values }))}
              from={from}
              to={to}
              stepMs={stepMs}
              label={`Up of ${url}`}
              kind="area"
              format={(value) => (value === 1 ? 'up' : value === 0 ? 'down' : '')}
              height={chartPx}
              most={1}
              addable={false}
              low={0}
              high={1.1}
            />
          )}
          <div className="ways-on">
            <Go to="/metrics" search={{ mode: 'promql', expr: seriesOf('up', labels), tab: '', target: '', find: '' }}>
              Explore in Metrics
            </Go>
          </div>
        </section>
        <LabelTable title="Labels" labels={labels} />
        {asked.data === undefined ? (
          asked.error === null ? (
            <Skeleton height={120} />
          ) : (
            <ErrorState error={asked.error} again={() => void asked.refetch()} />
          )
        ) : (
          agent === '' &&
          found !== undefined && <LabelTable title="As discovered, before relabelling" labels={found.discovered} />
        )}
      </div>
    </Drawer>
  );
}

function LabelTable({ title, labels }: { title: string; labels: Readonly<Record<string, string>> }): ReactNode {
  return (
    <section aria-label={title}>
      <h3 className="part-title">{title}</h3>
      <table className="table scrape-label-table">
        <tbody>
          {Object.entries(labels)
            .toSorted(([a], [b]) => a.localeCompare(b))
            .map(([name, value]) => (
              <tr key={name}>
                <th scope="row" className="code">
                  {name}
                </th>
                <td className="code">{value}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </section>
  );
}

import type { ScrapeTarget } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { ScrollX } from '../../components/scroll-x.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { useScope } from '../../data/scope.ts';
import { useColumns } from '../../promql/use-columns.ts';
import { Go } from '../../shell/go.tsx';
import { healthTones, seriesOf } from './scrape-words.ts';

const shownAtMost = 500;
const roundMs = 15_000;

/** What agents at the sites, or Prometheus servers that write here, scrape: as their `up` of the last minutes tells. */
export function ScrapedElsewhere(props: {
  /** What this server scrapes: not listed again. */
  own: readonly ScrapeTarget[];
  words: readonly string[];
  onlyUnhealthy: boolean;
}): ReactNode {
  const { environment, site, service, to: now } = useScope().query;
  const to = Math.floor(now / roundMs) * roundMs;
  const asked = useColumns({
    from: to - 300_000,
    to,
    environment,
    site,
    service,
    most: 2000,
    queries: ['up', 'scrape_duration_seconds', 'scrape_samples_scraped'].map((expression) => ({
      ref: expression,
      expression,
      instant: true,
    })),
  });
  if (asked.error !== null && asked.data === undefined)
    return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
  const key = (labels: Readonly<Record<string, string>>): string =>
    JSON.stringify([labels['job'], labels['instance'], labels['site']]);
  const valuesOf = (ref: string): ReadonlyMap<string, number | null> =>
    new Map(
      (asked.data?.answers.find((one) => one.ref === ref)?.data?.series ?? []).map(({ labels, values }) => [
        key(labels),
        values.at(-1) ?? null,
      ]),
    );
  const [took, samples] = [valuesOf('scrape_duration_seconds'), valuesOf('scrape_samples_scraped')];
  const own = new Set(props.own.map(({ labels }) => key(labels)));
  const all = (asked.data?.answers.find(({ ref }) => ref === 'up')?.data?.series ?? [])
    .filter(({ labels }) => !own.has(key(labels)))
    .map(({ labels, values }) => ({
      labels,
      health: values.at(-1) === 1 ? ('up' as const) : ('down' as const),
      took: took.get(key(labels)) ?? null,
      samples: samples.get(key(labels)) ?? null,
    }));
  const found = all
    .filter(({ health }) => !props.onlyUnhealthy || health !== 'up')
    .filter(({ labels, health }) => {
      const text = `${Object.values(labels).join(' ')} ${health}`.toLowerCase();
      return props.words.every((word) => text.includes(word));
    })
    .toSorted((a, b) => Number(a.health === 'up') - Number(b.health === 'up'));
  if (all.length === 0) return null;
  return (
    <section className="panel" aria-label="Scraped elsewhere">
      <header className="panel-head">
        <h2>Scraped by agents and other servers</h2>
        <span className="muted">as their `up` of the last five minutes says</span>
      </header>
      {found.length === 0 ? (
        <p className="muted scrape-none">None of these {all.length} fits.</p>
      ) : (
        <ScrollX label="Table of targets that are scraped elsewhere">
          <table className="table one-line">
            <thead>
              <tr>
                <th>State</th>
                <th>Job</th>
                <th>Instance</th>
                <th>Site, with its agent</th>
                <th className="number">Samples</th>
                <th className="number">Took</th>
              </tr>
            </thead>
            <tbody>
              {found.slice(0, shownAtMost).map(({ labels, health, took: seconds, samples: count }) => (
                <tr key={JSON.stringify(labels)}>
                  <td>
                    <ToneBadge tone={healthTones[health]}>{health}</ToneBadge>
                  </td>
                  <td>{labels['job']}</td>
                  <td>
                    <Go to="/metrics" search={{ mode: 'promql', expr: seriesOf('up', labels), tab: '', find: '' }}>
                      {labels['instance']}
                    </Go>
                  </td>
                  <td>
                    {labels['site'] !== undefined && (
                      <Go to={`/sites/${encodeURIComponent(labels['site'])}`} search={{ tab: '', find: '' }}>
                        {labels['site']}
                      </Go>
                    )}
                  </td>
                  <td className="number">{count === null ? '–' : formatCount(count)}</td>
                  <td className="number">{seconds === null ? '–' : formatDuration(seconds * 1000)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
      {found.length > shownAtMost && (
        <p className="muted scrape-none">
          {counted(found.length - shownAtMost, 'more target')}; type a part of the name.
        </p>
      )}
    </section>
  );
}

import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { previewRule } from '@sightline/contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import type { ChartSeries } from '../../charts/chart-data.ts';
import { formatDuration, formatValue } from '../../charts/number-format.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { ScrollX } from '../../components/scroll-x.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import { settingsOf, type Draft } from './draft.ts';

type Seen = Reply<typeof previewRule>;
const chartPx = 200;
/** One place of the chart's eight is the limit's. */
const shownSeries = 7;
const spans = [
  { value: '1', label: 'Last hour' },
  { value: '6', label: 'Last 6 hours' },
  { value: '24', label: 'Last 24 hours' },
  { value: '168', label: 'Last 7 days' },
];

/** Asks what a rule would say: now, and over the last hours. Faults of the draft come as a problem. */
export function usePreview(
  draft: Draft,
  hours: number,
): { seen: Seen | undefined; error: ProblemError | null; busy: boolean; again: () => void } {
  const body = { name: draft.name.trim(), everyMs: draft.everyMs, forMs: draft.forMs, hours, ...settingsOf(draft) };
  const [settled] = useDebouncedValue(JSON.stringify(body), 500);
  const asked = useQuery<Seen, ProblemError>({
    queryKey: [previewRule.path, settled],
    queryFn: async ({ signal }) => call(previewRule, { body: JSON.parse(settled) as typeof body }, signal),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 30_000,
  });
  return { seen: asked.data, error: asked.error, busy: asked.isFetching, again: () => void asked.refetch() };
}

/** What the rule says now, its measure against the limit, and when it would have fired. */
export function RulePreview({ draft }: { draft: Draft }): ReactNode {
  const [hours, setHours] = useState('6');
  const { seen, error, busy, again } = usePreview(draft, Number(hours));
  const range = (
    <Select
      aria-label="How far back"
      w={140}
      data={spans}
      value={hours}
      allowDeselect={false}
      onChange={(value) => setHours(value ?? '6')}
    />
  );
  if (error !== null) {
    const mendable = error.status === 422;
    return (
      <div className="stack">
        {range}
        {mendable ? (
          <p className="muted">The preview appears when the rule can be read.</p>
        ) : (
          <ErrorState error={error} again={again} />
        )}
      </div>
    );
  }
  if (seen === undefined) return <Skeleton height={chartPx} />;
  return (
    <div className="stack" aria-busy={busy} data-stale={busy ? '' : undefined}>
      <div className="facts-row">
        {range}
        <span role="status">{sentenceOf(seen)}</span>
      </div>
      {seen.from < seen.at && seen.series.length > 0 && <PreviewChart seen={seen} />}
      {seen.notes.map((note) => (
        <p key={note} className="muted">
          {note}
        </p>
      ))}
      <Present seen={seen} />
      <Episodes seen={seen} />
    </div>
  );
}

function sentenceOf(seen: Seen): string {
  const holding = seen.now.filter((group) => group.holds).length;
  const now =
    holding === 0
      ? 'Nothing breaks the limit now'
      : `${counted(holding, 'group breaks', 'groups break')} the limit now`;
  if (seen.from >= seen.at) return `${now}.`;
  const span = formatDuration(seen.at - seen.from);
  const past =
    seen.episodesTotal === 0
      ? `it would not have fired in the last ${span}`
      : `it would have fired ${counted(seen.episodesTotal, 'time')} in the last ${span}`;
  return `${now}; ${past} (looked at each ${formatDuration(seen.stepMs)}).`;
}

const nameOf = (labels: Readonly<Record<string, string>>): string => Object.values(labels).join(' · ') || 'all';

function PreviewChart({ seen }: { seen: Seen }): ReactNode {
  const series = useMemo((): ChartSeries[] => {
    const moments = Math.floor((seen.at - seen.from) / seen.stepMs) + 1;
    const points = Array.from({ length: moments }, (_, i) => ({
      at: seen.at - i * seen.stepMs,
      value: seen.threshold,
    }));
    const limit = { name: 'limit', colour: 'var(--bad)', points: points.toReversed() };
    return [
      ...seen.series.slice(0, shownSeries).map(({ labels, points }) => ({ name: nameOf(labels), points })),
      limit,
    ];
  }, [seen]);
  return (
    <TimeChart
      series={series}
      from={seen.from - seen.stepMs / 2}
      to={seen.at + seen.stepMs / 2}
      stepMs={seen.stepMs}
      unit={seen.unit}
      height={chartPx}
      label="The rule's measure over time, against its limit"
    />
  );
}

function Present({ seen }: { seen: Seen }): ReactNode {
  if (seen.now.length === 0) return <p className="muted">No group has data at the moment.</p>;
  return (
    <ScrollX label="Groups now">
      <table className="table one-line">
        <thead>
          <tr>
            <th>Now</th>
            <th>Group</th>
            <th className="number">Value</th>
            <th>Measure</th>
          </tr>
        </thead>
        <tbody>
          {seen.now.slice(0, 10).map((group) => (
            <tr key={JSON.stringify(group.labels)}>
              <td>
                <ToneBadge tone={group.holds ? 'bad' : 'good'}>{group.holds ? 'breaks' : 'well'}</ToneBadge>
              </td>
              <td>{nameOf(group.labels)}</td>
              <td className="number">{formatValue(group.value, seen.unit)}</td>
              <td className="muted">{group.summary}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {seen.groups > 10 && <p className="muted">{seen.groups - 10} more groups, less close to the limit.</p>}
    </ScrollX>
  );
}

function Episodes({ seen }: { seen: Seen }): ReactNode {
  if (seen.episodes.length === 0) return null;
  return (
    <details className="fold" open>
      <summary>When it would have fired</summary>
      <ul className="rule-episodes">
        {seen.episodes.slice(0, 20).map((episode) => (
          <li key={`${episode.from} ${episode.title}`}>
            <TimeText at={episode.from} /> <span>{episode.title}</span>{' '}
            <span className="muted">
              {episode.to === null ? 'until now' : `for ${formatDuration(episode.to - episode.from)}`}
            </span>
          </li>
        ))}
      </ul>
      {seen.episodesTotal > 20 && <p className="muted">{seen.episodesTotal - 20} more.</p>}
    </details>
  );
}

import type { ReceivedSeries } from '@sightline/record';
import type { MetricFrame } from './decoded-metrics.ts';

/** Series of a frame that an agent forwarded: its own site's, whatever they name, with times by our clock. */
export function atOrigin(
  series: readonly ReceivedSeries[],
  { scope, origin }: Pick<MetricFrame, 'scope' | 'origin'>,
): readonly ReceivedSeries[] {
  if (!origin) return series;
  const { skewMs } = origin;
  const ours = (atMs: number): number => (atMs === 0 ? 0 : atMs - skewMs);
  return series.map((one) => ({
    ...one,
    labels: ofSite(one.labels, scope.site),
    times: one.times.map((atMs) => atMs - skewMs),
    ...(one.startTimes && { startTimes: one.startTimes.map(ours) }),
    ...(one.exemplars && { exemplars: one.exemplars.map((exemplar) => ({ ...exemplar, atMs: ours(exemplar.atMs) })) }),
  }));
}

function ofSite(labels: readonly string[], site: string): readonly string[] {
  const own: string[] = site === '' ? [] : ['site', site];
  for (let at = 0; at < labels.length; at += 2)
    if (labels[at] !== 'site') own.push(labels[at] ?? '', labels[at + 1] ?? '');
  return own;
}

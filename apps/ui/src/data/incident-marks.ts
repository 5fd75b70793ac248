import { listIncidentSpans } from '@sightline/contract';
import { useMemo } from 'react';
import type { ChartMark } from '../charts/uplot-options.ts';
import { useAsk } from './ask.ts';

const marksAtMost = 20;

/** When incidents opened within a range (ms since the epoch), of one site or of all (''), as marks on a chart. */
export function useIncidentMarks(range: { from: number; to: number; site?: string | undefined }): readonly ChartMark[] {
  const { from, to, site = '' } = range;
  const { data } = useAsk(listIncidentSpans, { query: { from, to, site } }, { when: from < to });
  return useMemo(
    () =>
      (data?.spans ?? [])
        .filter(({ openedAt }) => openedAt >= from && openedAt <= to)
        .slice(0, marksAtMost)
        .map(({ number, title, severity, openedAt }) => ({
          at: openedAt,
          label: `#${number} ${title}`,
          tone: severity === 'critical' || severity === 'high' ? ('bad' as const) : ('warn' as const),
        })),
    [data, from, to],
  );
}

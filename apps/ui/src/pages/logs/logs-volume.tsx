import { logHistogram } from '@sightline/contract';
import { useMemo, type ReactNode } from 'react';
import { Histogram } from '../../charts/histogram.tsx';
import { comparable, weekLater, weekMs } from '../../charts/last-week.ts';
import { Skeleton } from '../../components/skeleton.tsx';
import { useAsk } from '../../data/ask.ts';
import type { ScopeQuery } from '../../data/scope.ts';

type Counted = ReturnType<typeof useAsk<typeof logHistogram>>;

/** How many lines match over time, beside those of the week before where that was asked for. */
export interface Volume {
  readonly now: Counted;
  readonly before: Counted;
  /** Whether the steps of this range divide a week. */
  readonly canCompare: boolean;
  /** Last week's is shown. */
  readonly compared: boolean;
}

export interface VolumeAsked {
  readonly q: string;
  readonly archive: boolean;
  readonly comparing: boolean;
  readonly buckets: number;
  readonly when: boolean;
}

export function useVolume(scope: ScopeQuery, { q, archive, comparing, buckets, when }: VolumeAsked): Volume {
  const now = useAsk(logHistogram, { query: { ...scope, q, buckets, archive: archive ? 'true' : 'false' } }, { when });
  const canCompare = now.data === undefined || comparable(now.data.stepMs);
  const compared = comparing && canCompare;
  const lastWeek = {
    from: Math.max(0, scope.from - weekMs),
    to: Math.max(0, scope.to - weekMs),
  };
  const before = useAsk(
    logHistogram,
    { query: { ...scope, ...lastWeek, q, buckets } },
    { when: compared && when, keepOld: false },
  );
  return { now, before, canCompare, compared };
}

/** The volume as a chart in which a range can be chosen. `quiet`: why it failed is said elsewhere on the page. */
export function VolumeChart({
  volume: { now, before, compared },
  scope,
  quiet,
  onRange,
}: {
  readonly volume: Volume;
  readonly scope: ScopeQuery;
  readonly quiet: boolean;
  readonly onRange: (from: number, to: number) => void;
}): ReactNode {
  const lastWeek = useMemo(() => before.data && weekLater(before.data.buckets), [before.data]);
  if (now.data === undefined)
    return (
      <div className="logs-histogram">
        {now.error === null ? (
          <Skeleton height={90} />
        ) : (
          !quiet && <p className="muted">The histogram could not be drawn. {now.error.detail}</p>
        )}
      </div>
    );
  return (
    <div className="logs-histogram">
      <Histogram
        buckets={now.data.buckets}
        stepMs={now.data.stepMs}
        from={scope.from}
        to={scope.to}
        label={`${now.data.total} log lines over time, by severity`}
        onRange={onRange}
        lastWeek={compared ? lastWeek : undefined}
      />
    </div>
  );
}

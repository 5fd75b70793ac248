import { useElementSize } from '@mantine/hooks';
import type { MetricColumns } from '@sightline/contract';
import { useMemo, type ReactNode } from 'react';
import { bucketLabel, heatCells } from '../../../charts/heat-cells.ts';
import { HeatMapChart } from '../../../charts/heat-map-chart.tsx';
import { formatCount, formatDuration } from '../../../charts/number-format.ts';
import { seriesText } from '../../../promql/series-names.ts';

const mostFields = 8;
const fieldPx = { alone: 320, oneOfMany: 180 };

/** Whether series are the buckets of `histogram_over_time`. */
export function isHistogram({ type, series }: MetricColumns): boolean {
  return type === 'matrix' && series.length > 0 && series.every(({ labels }) => labels[bucketLabel] !== undefined);
}

/** Buckets over time as heat maps, one for each group that the query makes. */
export function HistogramField(props: {
  data: MetricColumns;
  /** Whether the buckets are durations. */
  inSeconds: boolean;
  query: string;
  from: number;
  to: number;
  onRange: (from: number, to: number) => void;
}): ReactNode {
  const { data, inSeconds, query, from, to, onRange } = props;
  const { ref, width } = useElementSize<HTMLDivElement>();
  const groups = useMemo(() => {
    const named = Map.groupBy(data.series, ({ labels }) =>
      seriesText(Object.fromEntries(Object.entries(labels).filter(([name]) => name !== bucketLabel))),
    );
    return [...named].map(([name, columns]) => ({
      name,
      heat: heatCells(
        data.times,
        columns.map((one) => ({ name: '', ...one })),
      ),
    }));
  }, [data]);
  const height = groups.length === 1 ? fieldPx.alone : fieldPx.oneOfMany;
  return (
    <div ref={ref}>
      {groups.slice(0, mostFields).map(({ name, heat }) => (
        <section key={name}>
          {groups.length > 1 && <h2 className="code">{name}</h2>}
          <HeatMapChart
            heat={heat}
            from={from}
            to={to}
            stepMs={data.stepMs}
            label={groups.length > 1 ? `${query}, ${name}` : query}
            width={width}
            height={height}
            boundText={(bound) => (inSeconds ? formatDuration(Number(bound) * 1000) : formatCount(Number(bound)))}
            onRange={onRange}
          />
        </section>
      ))}
      {groups.length > mostFields && (
        <p className="muted">{groups.length - mostFields} more groups are in the table alone.</p>
      )}
    </div>
  );
}

import { useMemo, type ReactNode } from 'react';
import { heatCells } from '../../../charts/heat-cells.ts';
import { HeatMapChart } from '../../../charts/heat-map-chart.tsx';
import type { PanelProps } from '../panel-props.ts';
import { boundText } from '../values.ts';

/** How many were in each bucket at each time, of the first query. A dragged range becomes the page's. */
export default function HeatMapPanel({ panel, data, label, width, height, onRange }: PanelProps): ReactNode {
  const heat = useMemo(() => {
    const frame = data.frames.find(({ instant }) => !instant);
    return heatCells(frame?.times ?? [], frame?.columns ?? []);
  }, [data.frames]);
  return (
    <HeatMapChart
      heat={heat}
      from={data.from}
      to={data.to}
      stepMs={data.stepMs}
      label={label}
      width={width}
      height={height}
      boundText={(bound) => boundText(bound, panel.unit)}
      onRange={onRange}
    />
  );
}

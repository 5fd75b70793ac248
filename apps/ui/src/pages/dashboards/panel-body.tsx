import type { PanelType } from '@sightline/contract';
import { lazy, Suspense, type ComponentType, type ReactNode } from 'react';
import { ErrorState } from '../../components/error-state.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import type { PanelProps } from './panel-props.ts';
import BarPanel from './panels/bar-panel.tsx';
import GaugePanel from './panels/gauge-panel.tsx';
import HeatMapPanel from './panels/heat-map-panel.tsx';
import LogListPanel from './panels/log-list-panel.tsx';
import StatPanel from './panels/stat-panel.tsx';
import StateTimelinePanel from './panels/state-timeline-panel.tsx';
import TablePanel from './panels/table-panel.tsx';
import TextPanel from './panels/text-panel.tsx';
import TimeSeriesPanel from './panels/time-series-panel.tsx';

/** Every kind of panel: one file, one line. A row draws no body. */
const kinds: Readonly<Record<Exclude<PanelType, 'row'>, ComponentType<PanelProps>>> = {
  timeseries: TimeSeriesPanel,
  stat: StatPanel,
  gauge: GaugePanel,
  bar: BarPanel,
  toplist: BarPanel,
  table: TablePanel,
  heatmap: HeatMapPanel,
  loglist: LogListPanel,
  statetimeline: StateTimelinePanel,
  sitemap: lazy(async () => import('./panels/site-map-panel.tsx')),
  text: TextPanel,
};

/** The drawing of a panel, or why there is none: on its way, failed, nothing asked. */
export function PanelBody(props: PanelProps): ReactNode {
  const { panel, data, height } = props;
  if (panel.type === 'row') return null;
  const Kind = kinds[panel.type];
  if (data.loading) return <Skeleton height={height} />;
  if (data.error !== null) return <ErrorState error={data.error} again={data.again} />;
  if (data.faults.length > 0 && data.frames.length === 0) {
    return (
      <div className="panel-fault" role="alert">
        {data.faults.map(({ ref, message }) => (
          <p key={ref}>
            <strong>Query {ref}</strong> {message}
          </p>
        ))}
      </div>
    );
  }
  const asks =
    panel.queries.length > 0 || panel.type === 'text' || panel.type === 'sitemap' || panel.type === 'loglist';
  if (!asks) return <p className="panel-none">No query yet</p>;
  return (
    <div className="panel-drawing" data-stale={data.stale ? '' : undefined}>
      <Suspense fallback={<Skeleton height={height} />}>
        <Kind {...props} />
      </Suspense>
    </div>
  );
}

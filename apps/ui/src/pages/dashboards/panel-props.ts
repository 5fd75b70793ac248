import type { DashboardPanel, VariableValues } from '@sightline/contract';
import type { ChartMark } from '../../charts/uplot-options.ts';
import type { ScopeQuery } from '../../data/scope.ts';
import type { Frames } from './use-frames.ts';

/** What every kind of panel is drawn from. */
export interface PanelProps {
  readonly panel: DashboardPanel;
  readonly data: Frames;
  readonly values: VariableValues;
  readonly scope: ScopeQuery;
  /** Title with its variables filled in: what the drawing is called. */
  readonly label: string;
  /** Of the body, px. */
  readonly width: number;
  readonly height: number;
  readonly marks: readonly ChartMark[];
  readonly onRange: (from: number, to: number) => void;
}

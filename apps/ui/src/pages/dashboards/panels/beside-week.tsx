import type { DashboardPanel } from '@sightline/contract';
import type { ReactNode } from 'react';
import { weekChange } from '../../../charts/week-change.ts';
import { formatOf } from '../values.ts';
import type { SingleValue } from './single-values.ts';

/** What a value was a week before, and its change, below it; nothing where nothing is compared. */
export function BesideWeek({ panel, one }: { panel: DashboardPanel; one: SingleValue }): ReactNode {
  if (one.before === undefined) return null;
  return <span className="beside-week muted">{changeOf(panel, one)}</span>;
}

/** The same as text; '' where nothing is compared. */
export function changeOf(panel: DashboardPanel, { value, before }: SingleValue): string {
  return before === undefined ? '' : weekChange(value, before, panel.unit, formatOf(panel)).text;
}

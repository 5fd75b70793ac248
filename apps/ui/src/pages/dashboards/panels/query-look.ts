import type { DashboardPanel, PanelQuery, QueryLook } from '@sightline/contract';
import type { RightAxis } from '../../../charts/uplot-options.ts';
import { formatOf } from '../values.ts';

/** What a query has for itself; undefined where it is drawn as the panel says. */
export const lookOf = (query: PanelQuery | undefined): QueryLook | undefined =>
  query === undefined || query.kind === 'read' ? undefined : query.look;

/** How the values of one query are written: in its own unit and decimals, else in those of the panel. */
export function formatOfLook(
  panel: Pick<DashboardPanel, 'unit' | 'options'>,
  look: QueryLook | undefined,
): (value: number) => string {
  return formatOf({
    unit: look?.unit ?? panel.unit,
    options: { ...panel.options, decimals: look?.decimals ?? panel.options.decimals },
  });
}

/**
 * The two axes of a time series: each is written as the first query on it that has a unit of its own, and ends where the first
 * that names an end says. What the panel says of unit and ends holds for the left one; its unit for the right one as well.
 */
export function axesOf(panel: Pick<DashboardPanel, 'unit' | 'options' | 'queries'>): {
  readonly left: RightAxis;
  readonly right: RightAxis;
} {
  const shown = panel.queries.filter(({ hidden }) => !hidden).map(lookOf);
  const axis = (side: QueryLook['axis'], low: number | null, high: number | null): RightAxis => {
    const looks = shown.filter((look) => (look?.axis ?? 'left') === side);
    const written = looks.find((look) => look !== undefined && look.unit !== null) ?? looks[0];
    return {
      format: formatOfLook(panel, written),
      low: looks.find((look) => look !== undefined && look.min !== null)?.min ?? low,
      high: looks.find((look) => look !== undefined && look.max !== null)?.max ?? high,
    };
  };
  return { left: axis('left', panel.options.min, panel.options.max), right: axis('right', null, null) };
}

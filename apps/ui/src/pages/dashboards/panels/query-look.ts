import type { DashboardPanel, PanelQuery, QueryLook, SeriesColour } from '@sightline/contract';
import type { LineLook } from '../../../charts/column-data.ts';
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

/** Variables of both themes. */
const colours: Readonly<Record<SeriesColour, string>> = {
  red: 'var(--bad)',
  orange: 'var(--warn)',
  yellow: 'var(--series-5)',
  green: 'var(--good)',
  teal: 'var(--series-4)',
  blue: 'var(--series-2)',
  indigo: 'var(--series-6)',
  purple: 'var(--series-1)',
  pink: 'var(--series-3)',
  grey: 'var(--idle)',
};
/** A colour of a query as CSS. */
export const cssColour = (colour: SeriesColour): string => colours[colour];

/** How the lines of a query are drawn: as it says, else as the panel does; undefined where neither says anything. */
export function lineOf(panel: Pick<DashboardPanel, 'options'>, look: QueryLook | undefined): LineLook | undefined {
  const width = look?.width ?? panel.options.lineWidth;
  const fill = look?.fill ?? panel.options.fill;
  const broken = look?.broken === true;
  if (width === null && fill === null && !broken) return undefined;
  return {
    ...(width === null ? {} : { width }),
    ...(fill === null ? {} : { fill }),
    ...(broken ? { broken } : {}),
  };
}

import uPlot from 'uplot';
import { isStack } from './chart-data.ts';
import type { LineLook } from './column-data.ts';
import { countTicks } from './count-ticks.ts';
import { placeWords } from './mark-words.ts';
import { chartEndPx, wholeTicks } from './time-text.ts';
import { bounded, logRange, valueRange } from './value-range.ts';

export type ChartKind = 'bars' | 'lines' | 'stacked' | 'area' | 'points';

/** Something that happened at a moment: a deploy, an incident. */
export interface ChartMark {
  readonly at: number;
  readonly label: string;
  readonly tone: 'accent' | 'bad' | 'warn';
  /** What it is in full, where `label` says less; default `label`. */
  readonly title?: string | undefined;
  /** The page that tells more, and what its address holds. */
  readonly to?: string | undefined;
  readonly search?: Readonly<Record<string, string>> | undefined;
}

/** Ends of a chart's value axis as it is drawn. */
export interface ValueAxis {
  readonly low: number;
  readonly high: number;
  readonly logarithmic: boolean;
}

/** How high a value stands on an axis: 0 at the foot, 1 at the top, beyond them outside; NaN where it has no place. */
export function heightOn({ low, high, logarithmic }: ValueAxis, value: number): number {
  if (!logarithmic) return (value - low) / (high - low);
  return value > 0 && low > 0 ? Math.log(value / low) / Math.log(high / low) : NaN;
}

/** What changes without a new chart. */
export interface ChartFrame {
  readonly from: number;
  readonly to: number;
  readonly marks: readonly ChartMark[];
}

/** A limit across the chart; `tone` is a state's. */
export interface ChartLimit {
  readonly at: number;
  readonly tone: 'good' | 'warn' | 'bad' | 'idle';
}

/** The axis at the right: how its values are written, and its ends where they are set. */
export interface RightAxis {
  readonly format: (value: number) => string;
  readonly low: number | null;
  readonly high: number | null;
}

interface ChartSettings {
  readonly element: HTMLElement;
  /** In the order in which they are painted. */
  readonly series: readonly {
    readonly name: string;
    readonly colour: string;
    readonly dashed?: boolean;
    readonly bridged?: boolean;
    readonly draw?: ChartKind | undefined;
    readonly axis?: 'right' | undefined;
    readonly line?: LineLook | undefined;
  }[];
  readonly kind: ChartKind;
  readonly height: number;
  readonly format: (value: number) => string;
  readonly low?: number | null;
  readonly high?: number | null;
  readonly logarithmic?: boolean;
  readonly right?: RightAxis;
  readonly limits?: readonly ChartLimit[];
  /** Charts of one name share their crosshair. */
  readonly together?: string;
  readonly frame: () => ChartFrame;
  /** The value axis of each drawing. */
  readonly onAxis: (low: number, high: number) => void;
  readonly onCursor: (index: number | undefined) => void;
  readonly onRange: (from: number, to: number) => void;
}

const font = '11px "Inter Variable", system-ui, sans-serif';
/** A press that moves less than this (px) is a click, not a range. */
const leastDragPx = 4;

/** uPlot's options for a chart drawn with the page's own colours. */
export function chartOptions(settings: ChartSettings): uPlot.Options {
  const { element, series, kind, height, frame, format, right, limits = [], together } = settings;
  const colour = colourReader(element);
  const axis = {
    font,
    stroke: colour('var(--faint)'),
    grid: { stroke: colour('var(--border)'), width: 1 },
    ticks: { show: false },
  };
  const hasRight = series.some(({ axis: side }) => side === 'right');
  // A chart with all its series at the right has nothing to write at the left; one without series has its left axis.
  const hasLeft = !hasRight || series.some(({ axis: side }) => side !== 'right');
  const stands = (side: 'right' | undefined): boolean =>
    series.some((one) => one.axis === side && one.dashed !== true && standsOnZero(one.draw ?? kind));
  return {
    width: Math.max(120, element.clientWidth),
    height,
    ms: 1,
    padding: [8, chartEndPx, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: !series.some(({ draw = kind }) => isStack(draw)), size: 6 },
      drag: { x: true, y: false, setScale: false, dist: leastDragPx },
      ...(together === undefined ? {} : { sync: { key: together, setSeries: false } }),
    },
    scales: {
      x: { time: true, range: () => [frame().from, frame().to] },
      y: {
        ...(settings.logarithmic ? { distr: 3 as const } : {}),
        range: (_chart, low, high) =>
          settings.logarithmic
            ? logRange(low, high)
            : bounded(valueRange(low, high, stands(undefined), topOf(limits)), settings),
      },
      ...(hasRight
        ? {
            right: {
              range: (_chart: uPlot, low: number | null, high: number | null) =>
                bounded(valueRange(low, high, stands('right')), right ?? {}),
            },
          }
        : {}),
    },
    axes: [
      {
        ...axis,
        size: 28,
        space: 72,
        grid: { show: false },
        values: (chart, ticks) => {
          const { from, to } = frame();
          return wholeTicks(ticks, { from, to, widthPx: chart.bbox.width / uPlot.pxRatio });
        },
      },
      {
        ...axis,
        ...valueAxis(format),
        ...(kind === 'bars' ? { filter: countsOnly, grid: { ...axis.grid, filter: countsOnly } } : {}),
        show: hasLeft,
      },
      ...(hasRight
        ? [
            {
              ...axis,
              ...valueAxis(right?.format ?? format),
              scale: 'right',
              side: 1 as const,
              grid: { show: !hasLeft },
            },
          ]
        : []),
    ],
    series: [{}, ...series.map((one) => seriesOptions(one, one.draw ?? kind, colour(one.colour)))],
    hooks: {
      setCursor: [(chart) => settings.onCursor(chart.cursor.idx ?? undefined)],
      setSelect: [
        (chart) => {
          const { left, width } = chart.select;
          if (width < leastDragPx) return;
          chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          settings.onRange(chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x'));
        },
      ],
      draw: [
        (chart) => {
          drawLimits(chart, limits, colour, hasLeft ? 'y' : 'right');
          drawMarks(chart, frame(), colour);
          const { min, max } = chart.scales['y'] ?? {};
          if (typeof min === 'number' && typeof max === 'number') settings.onAxis(min, max);
        },
      ],
    },
  };
}

/** Bars are mostly counts: where they are, ticks are whole. */
const countsOnly: uPlot.Axis.Filter = (chart, ticks) => countTicks(ticks, chart.data.slice(1));

/** Where a chart of nothing but zeros ends: above its highest limit, so that one sees how far away it is. */
const topOf = (limits: readonly ChartLimit[]): number | undefined =>
  limits.length === 0 ? undefined : 1.25 * Math.max(...limits.map(({ at }) => at));

/** Kinds whose height means something: their axis begins at zero. */
const standsOnZero = (kind: ChartKind): boolean => isStack(kind) || kind === 'area';

function valueAxis(format: (value: number) => string): uPlot.Axis {
  return {
    size: (_chart, labels) => axisWidth(labels),
    gap: 6,
    space: 32,
    values: (_chart, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))),
  };
}

function seriesOptions(one: ChartSettings['series'][number], kind: ChartKind, colour: string): uPlot.Series {
  return { ...drawnAs(one, kind, colour), ...(one.axis === undefined ? {} : { scale: one.axis }) };
}

/** How uPlot draws one series. */
export function drawnAs(one: ChartSettings['series'][number], kind: ChartKind, colour: string): uPlot.Series {
  if (one.dashed === true)
    return { label: one.name, stroke: colour, width: 1.2, dash: [4, 4], spanGaps: one.bridged === true };
  if (kind === 'points')
    return {
      label: one.name,
      stroke: colour,
      fill: colour,
      paths: () => null,
      points: { show: true, size: 4, fill: colour },
    };
  const fill = one.line?.fill ?? (kind === 'area' ? areaFill : 0);
  const line: uPlot.Series = {
    label: one.name,
    stroke: colour,
    width: one.line?.width ?? 1.5,
    spanGaps: false,
    ...(one.line?.broken === true ? { dash: [8, 5] } : {}),
    ...(fill > 0 ? { fill: `${colour}${opacity(fill)}` } : {}),
  };
  if (kind === 'area') return { ...line, points: { show: false } };
  const bars = uPlot.paths.bars?.({ size: [0.8, 48], align: 1 });
  if (kind === 'bars')
    return {
      label: one.name,
      fill: colour,
      width: 0,
      points: { show: false },
      ...(bars === undefined ? {} : { paths: bars }),
    };
  if (kind === 'stacked') return { label: one.name, fill: colour, stroke: colour, width: 1, points: { show: false } };
  return line;
}

/** Of an area, per cent, where nothing is said. */
const areaFill = 13;

/** Per cent as the last two digits of a colour. */
const opacity = (percent: number): string =>
  Math.round((percent / 100) * 255)
    .toString(16)
    .padStart(2, '0');

let measure: CanvasRenderingContext2D | null | undefined;

/** Room for the widest label: a unit may be long, and a label without its first digits lies. */
function axisWidth(labels: readonly string[] | null): number {
  measure ??= document.createElement('canvas').getContext('2d');
  if (!measure || labels === null) return 56;
  const pen = measure;
  pen.font = font;
  return Math.ceil(Math.max(40, ...labels.map((label) => pen.measureText(label ?? '').width + 14)));
}

function drawLimits(
  chart: uPlot,
  limits: readonly ChartLimit[],
  colour: (value: string) => string,
  scale: 'y' | 'right',
): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.lineWidth = devicePixelRatio;
  for (const { at, tone } of limits) {
    const y = Math.round(chart.valToPos(at, scale, true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = colour(`var(--${tone})`);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

/** Canvas knows no CSS variables: they are read from the element, once for each chart. */
function colourReader(element: HTMLElement): (value: string) => string {
  const style = getComputedStyle(element);
  return (value) => {
    const name = /^var\((--[\w-]+)\)$/.exec(value)?.[1];
    return name === undefined ? value : style.getPropertyValue(name).trim() || 'gray';
  };
}

function drawMarks(chart: uPlot, { from, to, marks }: ChartFrame, colour: (value: string) => string): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px "Inter Variable", system-ui, sans-serif`;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  const shown = marks
    .slice(0, 200)
    .filter(({ at }) => at >= from && at <= to)
    .map((mark) => ({
      ...mark,
      x: Math.round(chart.valToPos(mark.at, 'x', true)),
      width: mark.label === '' ? 0 : ctx.measureText(mark.label).width,
    }));
  ctx.textAlign = 'left';
  // What happened at nearly the same moment has its line; words that would stand on others are in the list beside the chart.
  const begins = placeWords(shown, { left: bbox.left, right: bbox.left + bbox.width, gap: 4 * devicePixelRatio });
  for (const { x, tone } of shown) {
    ctx.strokeStyle = colour(`var(--${tone})`);
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  const line = 14 * devicePixelRatio;
  // Below the line in which a chart says what it leaves out.
  const foot = bbox.top + 20 * devicePixelRatio;
  for (const [index, { label, tone, width }] of shown.entries()) {
    const begin = begins[index];
    if (begin === undefined) continue;
    // Other marks' lines and the values run below the words: they stand on ground of their own.
    ctx.fillStyle = colour('var(--surface)');
    ctx.fillRect(begin - 2 * devicePixelRatio, foot - 0.8 * line, width + 4 * devicePixelRatio, line);
    ctx.fillStyle = colour(`var(--${tone})`);
    ctx.fillText(label, begin, foot);
  }
  ctx.restore();
}

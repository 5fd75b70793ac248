import { z } from 'zod';
import { relativeRange } from './common.ts';

/** The version of the form below. A document of another version is refused, not guessed at. */
export const dashboardSchemaVersion = 1;

/** Columns of the grid; a row is 30 px high with 8 px between rows, as in Grafana. One column on a phone. */
export const gridColumns = 24;

export const panelTypes = [
  'timeseries',
  'stat',
  'gauge',
  'bar',
  'table',
  'heatmap',
  'toplist',
  'loglist',
  'statetimeline',
  'sitemap',
  'text',
  'row',
] as const;
export const panelType = z.enum(panelTypes);
export type PanelType = z.infer<typeof panelType>;

const word = z.string().max(200);

/** How values over time are drawn; stacked areas and bars stand on those of the same axis. */
export const seriesDraws = ['lines', 'area', 'stacked', 'bars', 'points'] as const;
export const seriesDraw = z.enum(seriesDraws);
export type SeriesDraw = z.infer<typeof seriesDraw>;

/** Colours that a query's series may have: each is legible on both themes. */
export const seriesColours = [
  'red',
  'orange',
  'yellow',
  'green',
  'teal',
  'blue',
  'indigo',
  'purple',
  'pink',
  'grey',
] as const;
export type SeriesColour = (typeof seriesColours)[number];

/** Pixels; 0 draws no line. */
const lineWidth = z.number().min(0).max(10);
/** Of the area below a line, per cent; stacks and bars are always filled. */
const areaFill = z.number().min(0).max(100);

/**
 * What the series of one query have for themselves in a time series; null is as the panel has it. An axis is written in the
 * unit of the first query that stands on it, and ends where the first that names an end says.
 */
export const queryLook = z.object({
  axis: z.enum(['left', 'right']).default('left'),
  unit: z.string().max(50).nullable().default(null),
  draw: seriesDraw.nullable().default(null),
  decimals: z.number().int().min(0).max(10).nullable().default(null),
  min: z.number().nullable().default(null),
  max: z.number().nullable().default(null),
  /** Of all series of the query. */
  colour: z.enum(seriesColours).nullable().default(null),
  width: lineWidth.nullable().default(null),
  fill: areaFill.nullable().default(null),
  /** A broken line, as for a limit. */
  broken: z.boolean().default(false),
});
export type QueryLook = z.infer<typeof queryLook>;

/**
 * What Sightline knows without a query: sites, services with rate, errors and duration, incidents; and of security: what the
 * audit trail says (shown to administrators alone), sites with open incidents, and what was scrubbed, by detector.
 */
export const panelReads = [
  'sites',
  'services',
  'incidents',
  'failed-sign-ins',
  'new-keys',
  'privileged-actions',
  'remote-commands',
  'taken-out',
  'site-findings',
  'personal-data',
] as const;
export type PanelRead = (typeof panelReads)[number];

/** One question of a panel. `ref` names it within the panel: `A`, `B`. */
export const panelQuery = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('promql'),
    ref: z.string().max(50).default('A'),
    expression: z.string().max(8000),
    /** `{{label}}` stands for a label's value; '' is made of the labels that differ. */
    legend: word.default(''),
    /** One value at the end of the range instead of values over it. */
    instant: z.boolean().default(false),
    hidden: z.boolean().default(false),
    look: queryLook.optional(),
  }),
  z.object({
    kind: z.literal('logs'),
    ref: z.string().max(50).default('A'),
    /** A search as on the Logs page. */
    q: z.string().max(4000).default(''),
    legend: word.default(''),
    hidden: z.boolean().default(false),
    look: queryLook.optional(),
  }),
  z.object({
    kind: z.literal('read'),
    ref: z.string().max(50).default('A'),
    read: z.enum(panelReads),
    legend: word.default(''),
    hidden: z.boolean().default(false),
  }),
]);
export type PanelQuery = z.infer<typeof panelQuery>;

export const tone = z.enum(['idle', 'good', 'warn', 'bad']);
export type Tone = z.infer<typeof tone>;

/** From `at` upwards the value has this tone; below the first step it has `base`. */
export const thresholds = z.object({
  base: tone.default('idle'),
  steps: z
    .array(z.object({ at: z.number(), tone }))
    .max(20)
    .default([]),
});
export type Thresholds = z.infer<typeof thresholds>;

export const reductions = ['last', 'mean', 'min', 'max', 'sum', 'count', 'first', 'range'] as const;
export const reduction = z.enum(reductions);
export type Reduction = z.infer<typeof reduction>;

/**
 * A column of a table: `name` is a label, or `Value #A` for the values of query A; '' as title is the name, or the query's legend. Those that
 * are listed stand in this order, the others behind them.
 */
export const tableColumn = z.object({ name: word, title: word.default(''), hidden: z.boolean().default(false) });

/** Words for values: what stands instead of a number, and in which tone. */
export const valueWord = z.object({ value: z.number(), text: word, tone: tone.optional() });

export const panelOptions = z.object({
  /** How a time series is drawn. */
  draw: seriesDraw.default('lines'),
  /** Of its lines and of the areas below them; null is as the chart draws them. */
  lineWidth: lineWidth.nullable().default(null),
  fill: areaFill.nullable().default(null),
  /** Series drawn before the rest becomes "others". */
  most: z.number().int().min(1).max(100).default(8),
  /** How a series becomes one number: stat, gauge, bar, top list, columns of a table. */
  reduce: reduction.default('last'),
  min: z.number().nullable().default(null),
  max: z.number().nullable().default(null),
  decimals: z.number().int().min(0).max(10).nullable().default(null),
  logarithmic: z.boolean().default(false),
  legend: z.enum(['none', 'list', 'table']).default('list'),
  legendValues: z.array(reduction).max(8).default([]),
  /** A small line behind the number of a stat. */
  sparkline: z.boolean().default(true),
  /** Thresholds as lines in a time series. */
  thresholdLines: z.boolean().default(false),
  /** Of a time series: single measurements with their span, at their value. */
  exemplars: z.boolean().default(false),
  words: z.array(valueWord).max(50).default([]),
  /** Of a table. */
  columns: z.array(tableColumn).max(100).default([]),
  /** Of a table: whether columns that are not listed are shown. */
  otherColumns: z.boolean().default(true),
  /** Of a text panel: Markdown (headings, lists, emphasis, code, links). */
  text: z.string().max(20_000).default(''),
  /** Of a row: the panels below it, up to the next row, are hidden. */
  collapsed: z.boolean().default(false),
});
export type PanelOptions = z.infer<typeof panelOptions>;

const address = z
  .string()
  .max(2000)
  .refine((url) => /^(https?:\/\/|\/)/.test(url) && !url.startsWith('//'), 'expected https://… or a path: /logs?q=…');
/** Variables may stand in title and address: `/logs?site=$site`. */
export const dashboardLink = z.object({
  title: word,
  url: address,
  /** Time range and scope go along. */
  keepScope: z.boolean().default(true),
});

export const panelPlace = z
  .object({
    x: z
      .number()
      .int()
      .min(0)
      .max(gridColumns - 1),
    y: z.number().int().min(0).max(10_000),
    w: z.number().int().min(1).max(gridColumns),
    h: z.number().int().min(1).max(100),
  })
  .refine(({ x, w }) => x + w <= gridColumns, `x + w must not exceed ${gridColumns}`);
export type PanelPlace = z.infer<typeof panelPlace>;

export const dashboardPanel = z.object({
  /** Within the dashboard; stands in addresses (`?panel=…`). */
  id: z.string().regex(/^[\w-]{1,50}$/, 'expected letters, digits, - and _'),
  type: panelType,
  title: word.default(''),
  description: z.string().max(4000).default(''),
  place: panelPlace,
  queries: z.array(panelQuery).max(26).default([]),
  /** UCUM or a word: `s`, `By`, `1`, `%`, `share`, `USD`, `{order}`, `/s`. */
  unit: z.string().max(50).default(''),
  thresholds: thresholds.prefault({}),
  options: panelOptions.prefault({}),
  links: z.array(dashboardLink).max(20).default([]),
  /** Name of a variable: the panel stands once for each of its chosen values. */
  repeat: word.default(''),
});
export type DashboardPanel = z.infer<typeof dashboardPanel>;

const variableName = z.string().regex(/^[a-zA-Z_]\w{0,49}$/, 'expected a name of letters, digits and _');
const variableBase = {
  name: variableName,
  label: word.default(''),
  hidden: z.boolean().default(false),
};
const choice = {
  multi: z.boolean().default(false),
  /** "All" may be chosen; it stands for `allValue`, or for every option where that is ''. */
  all: z.boolean().default(false),
  allValue: word.default(''),
  /** What is chosen where the address says nothing; [] is the first option, or all. */
  initial: z.array(word).max(100).default([]),
};
export const dashboardVariable = z.discriminatedUnion('type', [
  z.object({
    ...variableBase,
    ...choice,
    type: z.literal('query'),
    /** Values of the label `of` over the series that `match` selects ('' for all), or the values of a query's result. */
    of: word.default(''),
    match: z.string().max(4000).default(''),
    /** Instead of label values: the results of an instant query, as text. */
    expression: z.string().max(4000).default(''),
    /** Only what matches is offered; the first group is the value where there is one. */
    regex: z.string().max(500).default(''),
    sort: z.enum(['none', 'text', 'number', 'text-desc', 'number-desc']).default('text'),
  }),
  z.object({
    ...variableBase,
    ...choice,
    type: z.literal('custom'),
    options: z.array(z.object({ text: word, value: word })).max(500),
  }),
  z.object({
    ...variableBase,
    type: z.literal('interval'),
    options: z.array(z.string().regex(/^\d+(ms|s|m|h|d|w|y)$/, 'expected 5m, 1h, …')).max(50),
    initial: z.array(word).max(1).default([]),
  }),
  z.object({ ...variableBase, type: z.literal('text'), initial: z.array(z.string().max(500)).max(1).default([]) }),
  z.object({ ...variableBase, ...choice, type: z.literal('site') }),
  z.object({ ...variableBase, ...choice, type: z.literal('service') }),
]);
export type DashboardVariable = z.infer<typeof dashboardVariable>;

/** What an import could not carry over: `panel` is its title, '' for the dashboard as a whole. */
export const importNote = z.object({ panel: word, text: z.string().max(1000) });
export type ImportNote = z.infer<typeof importNote>;

/** A dashboard as code: all there is to it, without who saved it when. */
export const dashboardDocument = z
  .object({
    schema: z.literal(dashboardSchemaVersion),
    title: z.string().trim().min(1, 'a title is needed').max(200),
    description: z.string().max(4000).default(''),
    /** '' is no folder. */
    folder: z.string().trim().max(100).default(''),
    tags: z.array(z.string().trim().min(1).max(50)).max(20).default([]),
    /** Where the address names no range. */
    range: relativeRange.default('1h'),
    /** Marks on every chart. */
    annotations: z.object({ incidents: z.boolean().default(true), deploys: z.boolean().default(true) }).prefault({}),
    variables: z.array(dashboardVariable).max(50).default([]),
    links: z.array(dashboardLink).max(50).default([]),
    panels: z.array(dashboardPanel).max(500).default([]),
    /** Where it came from, and what was left behind. */
    imported: z.object({ from: word, title: word, notes: z.array(importNote).max(1000) }).optional(),
  })
  .refine(({ panels }) => new Set(panels.map(({ id }) => id)).size === panels.length, {
    path: ['panels'],
    message: 'two panels have the same id',
  })
  .refine(({ variables }) => new Set(variables.map(({ name }) => name)).size === variables.length, {
    path: ['variables'],
    message: 'two variables have the same name',
  });
export type DashboardDocument = z.infer<typeof dashboardDocument>;

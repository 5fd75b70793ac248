import type { PanelType, SeriesColour } from '@sightline/contract';
import { RE2JS } from 're2js';
import { listOf, numberOf, objectOf, objectsOf, textOf, within, type Json } from './json.ts';
import type { Notes } from './notes.ts';
import { nearestColours, seriesColourOf } from './tones.ts';
import { unitOf } from './units.ts';

/** A query of ours that an import is still working on. */
export interface DraftQuery {
  readonly kind: string;
  readonly ref: string;
  expression?: string;
  /** A search of logs. */
  q?: string;
  legend?: string;
  hidden?: boolean;
  look?: Record<string, unknown>;
  instant?: boolean;
}

const draws = new Set(['bars', 'points']);

/**
 * What single series override, where all series of a query share it: unit, decimals, ends, axis, drawing, colour and line of a time series, and a
 * name.
 * Which series a name or an expression means is known where the legend is a fixed text, or matches whatever the labels are. The
 * rest is noted: which matcher, and what it would have changed.
 */
export function applyOverrides(
  panel: Json,
  type: PanelType,
  queries: readonly DraftQuery[],
  title: string,
  notes: Notes,
): void {
  const left = new Map<string, Set<string>>();
  const coloured = new Map<DraftQuery, string>();
  for (const { matcher, properties } of [
    ...objectsOf(within(panel, 'fieldConfig', 'overrides')),
    ...objectsOf(panel['seriesOverrides']).map((one) => overrideOfOld(one, panel)),
    ...Object.entries(objectOf(panel['aliasColors'])).map(([alias, color]) => overrideOfOld({ alias, color }, panel)),
  ]) {
    const named = matcherText(matcher);
    const meant = meantBy(objectOf(matcher), queries);
    if (meant.length === 0 && type === 'timeseries' && hasNoEffect(objectOf(matcher), panel, queries)) continue;
    const ids = new Map(objectsOf(properties).map(({ id, value }) => [textOf(id), value]));
    const lost = [...ids].filter(([id, value]) => meant.length === 0 || !applyProperty(id, value, ids, meant, type));
    if (ids.has('color') && !lost.some(([id]) => id === 'color'))
      for (const query of meant) coloured.set(query, JSON.stringify(ids.get('color')));
    if (lost.length === 0) continue;
    const what = lost.map(([id]) => id).join(', ');
    left.set(what, (left.get(what) ?? new Set()).add(named));
  }
  tellApart(coloured);
  for (const [what, matchers] of left) notes.add(title, leftOut([...matchers], what));
}

/** Two shades of blue are two colours there: the second query takes the nearest of ours that is free. */
function tellApart(coloured: ReadonlyMap<DraftQuery, string>): void {
  const takenBy = new Map<unknown, string>();
  for (const [query, source] of coloured) {
    const wanted = query.look?.['colour'] as SeriesColour;
    const colour = nearestColours(wanted).find((one) => (takenBy.get(one) ?? source) === source) ?? wanted;
    takenBy.set(colour, source);
    query.look = { ...query.look, colour };
  }
}

function leftOut(matchers: readonly string[], what: string): string {
  const shown = matchers.slice(0, 8).join(', ');
  const more = matchers.length > 8 ? ` and ${matchers.length - 8} more` : '';
  return `What ${shown}${more} ${matchers.length === 1 ? 'overrides' : 'override'} is left out: ${what}.`.slice(
    0,
    1000,
  );
}

function matcherText(matcher: unknown): string {
  const options = within(matcher, 'options');
  const what = textOf(options) || listOf(within(options, 'names')).map(textOf).join(', ');
  const id = textOf(within(matcher, 'id'));
  if (id === 'byFrameRefID') return `query ${what}`;
  if (id === 'byType') return `the type ${what}`;
  return what === '' ? 'a matcher without a name' : `“${what.slice(0, 100)}”`;
}

/** The queries all of whose series are meant. */
export function meantBy(matcher: Json, queries: readonly DraftQuery[]): DraftQuery[] {
  const options = matcher['options'];
  switch (matcher['id']) {
    case 'byFrameRefID':
      return queries.filter(({ ref }) => ref === textOf(options));
    case 'byName':
      return queries.filter((query) => namesOf(query, queries).includes(textOf(options)));
    case 'byRegexp':
      return queries.filter((query) => matchesAlways(textOf(options), query));
    case 'byNames': {
      const names = listOf(within(options, 'names')).map(textOf);
      if (within(options, 'mode') !== 'exclude')
        return queries.filter((query) => namesOf(query, queries).some((name) => names.includes(name)));
      // All but those: which are meant is known where each query has one fixed name.
      const named = queries.map((query) => ({ query, own: namesOf(query, queries) }));
      if (named.some(({ query, own }) => !own.includes(query.legend ?? ''))) return [];
      return named.filter(({ own }) => !own.some((name) => names.includes(name))).map(({ query }) => query);
    }
    default:
      return [];
  }
}

/** Whether a matcher means no series in Grafana either: all names are fixed, and none is meant. Such ones stay behind when queries are changed. */
function hasNoEffect({ id, options }: Json, panel: Json, queries: readonly DraftQuery[]): boolean {
  // Names may come of transformations and of other overrides.
  if (listOf(panel['transformations']).length > 0) return false;
  const overrides = objectsOf(within(panel, 'fieldConfig', 'overrides'));
  if (overrides.some(({ properties }) => objectsOf(properties).some((one) => one['id'] === 'displayName')))
    return false;
  const legends = queries.map(({ legend = '' }) => legend);
  if (legends.some((legend) => legend === '' || /\{\{.*?\}\}|\$/.test(legend))) return false;
  if (id === 'byName') return !legends.includes(textOf(options));
  const pattern = id === 'byRegexp' ? patternOf(textOf(options)) : undefined;
  return pattern !== undefined && !legends.some((legend) => pattern.matcher(legend).find());
}

/** What Grafana calls the one field of a query: its fixed legend, or the value column of a table. */
export function namesOf({ ref, legend = '' }: DraftQuery, queries: readonly DraftQuery[]): string[] {
  const own = [`Value #${ref}`, ...(queries.length === 1 ? ['Value'] : [])];
  return legend === '' || /\{\{.*?\}\}|\$/.test(legend) ? own : [legend, ...own];
}

/** Whether the legend matches whatever its labels are. */
function matchesAlways(expression: string, { legend = '', ref }: DraftQuery): boolean {
  const pattern = patternOf(expression);
  if (!pattern) return false;
  if (legend === '' || /\$/.test(legend)) return pattern.matcher(`Value #${ref}`).find();
  return ['', 'a1', 'Z:9/', '_ -'].every((label) => pattern.matcher(legend.replaceAll(/\{\{.*?\}\}/g, label)).find());
}

/** An expression as Grafana writes it, `/…/` or bare; undefined where it is none of RE2. */
function patternOf(expression: string): RE2JS | undefined {
  const [, inner = expression] = /^\/(.*)\/[a-z]*$/s.exec(expression) ?? [];
  try {
    return RE2JS.compile(inner);
  } catch {
    return undefined;
  }
}

function applyProperty(
  id: string,
  value: unknown,
  all: ReadonlyMap<string, unknown>,
  queries: readonly DraftQuery[],
  type: PanelType,
): boolean {
  if (id === 'displayName') {
    const legend = textOf(value).replaceAll(/\$\{__field\.labels\.([\w.]+)\}/g, '{{$1}}');
    if (legend === '' || legend.includes('${__')) return false;
    for (const query of queries) query.legend = legend.slice(0, 200);
    return true;
  }
  if (type !== 'timeseries') return false;
  if (id === 'custom.transform' && value === 'negative-Y') {
    // Drawn below the axis: so are values that are negative.
    for (const query of queries) if (query.expression !== undefined) query.expression = `-(${query.expression})`;
    return queries.every((query) => query.expression !== undefined);
  }
  const look = lookOf(id, value, all);
  if (look === undefined) return false;
  for (const query of queries) {
    if (look === 'hidden') query.hidden = true;
    else query.look = { ...query.look, ...look };
  }
  return true;
}

/** What a property is of our look; undefined where there is nothing like it. */
function lookOf(id: string, value: unknown, all: ReadonlyMap<string, unknown>): object | 'hidden' | undefined {
  switch (id) {
    case 'unit': {
      const unit = unitOf(textOf(value));
      return unit === undefined ? undefined : { unit };
    }
    case 'min':
    case 'max':
      return numberOf(value) === null ? undefined : { [id]: numberOf(value) };
    case 'decimals': {
      const decimals = numberOf(value);
      return decimals === null ? undefined : { decimals: Math.max(0, Math.min(10, Math.round(decimals))) };
    }
    case 'custom.axisPlacement':
      return value === 'right'
        ? { axis: 'right' }
        : value === 'left' || value === 'auto'
          ? { axis: 'left' }
          : undefined;
    case 'custom.drawStyle':
    case 'custom.stacking':
      return { draw: drawOf(all) };
    case 'custom.fillOpacity': {
      const fill = numberOf(value);
      return { draw: drawOf(all), ...(fill === null ? {} : { fill: Math.max(0, Math.min(100, fill)) }) };
    }
    case 'custom.lineWidth':
      return numberOf(value) === null ? undefined : { width: Math.max(0, Math.min(10, numberOf(value) ?? 0)) };
    case 'custom.lineStyle': {
      const style = textOf(within(value, 'fill'));
      return { broken: style === 'dash' || style === 'dot' };
    }
    case 'color': {
      const colour = fixedColour(value);
      return colour === undefined ? undefined : { colour };
    }
    case 'custom.hideFrom':
      // One that is only clicked away stands in the legend there; here the editor shows it again.
      return within(value, 'viz') === true ? 'hidden' : undefined;
    default:
      return undefined;
  }
}

/** What one colour for all series is here; undefined where each has its own, or follows its value. */
export function fixedColour(value: unknown): SeriesColour | undefined {
  if (typeof value === 'string') return seriesColourOf(value);
  return within(value, 'mode') === 'fixed' ? seriesColourOf(textOf(within(value, 'fixedColor'))) : undefined;
}

function drawOf(all: ReadonlyMap<string, unknown>): string {
  const style = textOf(all.get('custom.drawStyle'));
  if (draws.has(style)) return style;
  const stacking = all.get('custom.stacking');
  const mode = textOf(within(stacking, 'mode'));
  // A group of its own (`false`) stands on nothing and bears nothing.
  if (mode !== '' && mode !== 'none' && within(stacking, 'group') !== false) return 'stacked';
  return (numberOf(all.get('custom.fillOpacity')) ?? 0) >= 10 ? 'area' : 'lines';
}

/** `seriesOverrides` of old graphs in the newer form. */
function overrideOfOld(
  { alias, yaxis, bars, fill, stack, lines, linewidth, dashes, ...more }: Json,
  panel: Json,
): Json {
  const properties: Json[] = Object.keys(more)
    // How long its dashes are is ours to say.
    .filter((key) => !key.startsWith('$$') && key !== 'dashLength' && key !== 'spaceLength')
    .map((id) => ({ id: id === 'transform' ? 'custom.transform' : id, value: more[id] }));
  if (yaxis === 2) {
    const { format, min, max } = objectOf(listOf(panel['yaxes'])[1]);
    properties.push({ id: 'custom.axisPlacement', value: 'right' });
    if (textOf(format) !== '') properties.push({ id: 'unit', value: format });
    if (numberOf(min) !== null) properties.push({ id: 'min', value: min });
    if (numberOf(max) !== null) properties.push({ id: 'max', value: max });
  }
  if (linewidth !== undefined) properties.push({ id: 'custom.lineWidth', value: linewidth });
  if (dashes === true) properties.push({ id: 'custom.lineStyle', value: { fill: 'dash' } });
  if (bars === true) properties.push({ id: 'custom.drawStyle', value: 'bars' });
  else if (lines === true || stack === false) properties.push({ id: 'custom.stacking', value: { mode: 'none' } });
  if (fill !== undefined && bars !== true)
    properties.push({ id: 'custom.fillOpacity', value: (numberOf(fill) ?? 0) * 10 });
  const named = textOf(alias);
  return {
    matcher: { id: /^\/.*\/[a-z]*$/s.test(named) ? 'byRegexp' : 'byName', options: named },
    properties,
  };
}

import type { PanelType, Reduction, Thresholds } from '@sightline/contract';
import { listOf, numberOf, objectOf, objectsOf, textOf, within, type Json } from './json.ts';
import type { Notes } from './notes.ts';
import { toneOf } from './tones.ts';
import { unitOf } from './units.ts';

const reductionNames: Readonly<Record<string, Reduction>> = {
  last: 'last',
  lastNotNull: 'last',
  current: 'last',
  mean: 'mean',
  avg: 'mean',
  min: 'min',
  max: 'max',
  sum: 'sum',
  total: 'sum',
  count: 'count',
  first: 'first',
  firstNotNull: 'first',
  range: 'range',
  diff: 'range',
  delta: 'range',
};
/** Our word for one of Grafana's calculations; undefined where there is none. */
export const reductionOf = (name: unknown): Reduction | undefined => reductionNames[textOf(name)];

/** Unit, thresholds and options of a panel, from the forms of all versions of Grafana. */
export function readLook(
  panel: Json,
  type: PanelType,
  title: string,
  notes: Notes,
): { unit: string; thresholds: Thresholds; options: object } {
  const defaults = objectOf(within(panel, 'fieldConfig', 'defaults'));
  const unit = readUnit(panel, defaults, title, notes);
  const min =
    numberOf(defaults['min']) ??
    numberOf(within(listOf(panel['yaxes'])[0], 'min')) ??
    numberOf(within(panel, 'gauge', 'minValue'));
  const max =
    numberOf(defaults['max']) ??
    numberOf(within(listOf(panel['yaxes'])[0], 'max')) ??
    numberOf(within(panel, 'gauge', 'maxValue'));
  const decimals = numberOf(defaults['decimals']) ?? numberOf(panel['decimals']);
  const options = {
    draw: drawOf(panel, defaults),
    ...linesOf(panel, defaults),
    reduce: reduceOf(panel),
    min: type === 'gauge' ? (min ?? 0) : min,
    max,
    decimals: decimals === null ? null : Math.max(0, Math.min(10, Math.round(decimals))),
    logarithmic:
      within(defaults, 'custom', 'scaleDistribution', 'type') === 'log' ||
      (numberOf(within(listOf(panel['yaxes'])[0], 'logBase')) ?? 1) > 1,
    ...legendOf(panel),
    sparkline: within(panel, 'options', 'graphMode') !== 'none' && within(panel, 'sparkline', 'show') !== false,
    thresholdLines:
      /line|area|dashed/.test(textOf(within(defaults, 'custom', 'thresholdsStyle', 'mode'))) ||
      listOf(panel['thresholds']).length > 0,
    exemplars: type === 'timeseries' && objectsOf(panel['targets']).some(({ exemplar }) => exemplar === true),
    words: wordsOf(defaults, panel),
  };
  return { unit, thresholds: thresholdsOf(panel, defaults, min ?? 0, max, title, notes), options };
}

function readUnit(panel: Json, defaults: Json, title: string, notes: Notes): string {
  const named =
    textOf(defaults['unit']) || textOf(within(listOf(panel['yaxes'])[0], 'format')) || textOf(panel['format']);
  const unit = unitOf(named);
  if (unit === undefined) notes.add(title, `The unit ${named} is not known here; values stand without it.`);
  return unit ?? '';
}

function drawOf(panel: Json, defaults: Json): string {
  const custom = objectOf(defaults['custom']);
  const stacking = textOf(within(custom, 'stacking', 'mode'));
  if ((stacking !== '' && stacking !== 'none') || panel['stack'] === true) {
    return textOf(custom['drawStyle']) === 'bars' || panel['bars'] === true ? 'bars' : 'stacked';
  }
  if (textOf(custom['drawStyle']) === 'bars' || panel['bars'] === true) return 'bars';
  if (textOf(custom['drawStyle']) === 'points') return 'points';
  return (numberOf(custom['fillOpacity']) ?? 0) >= 10 || (numberOf(panel['fill']) ?? 0) >= 2 ? 'area' : 'lines';
}

/** Width and fill where they are not what every new panel has: those are drawn as our own. */
function linesOf(panel: Json, defaults: Json): { lineWidth?: number; fill?: number } {
  const custom = objectOf(defaults['custom']);
  const width = numberOf(custom['lineWidth']) ?? numberOf(panel['linewidth']);
  const old = numberOf(panel['fill']);
  const fill = numberOf(custom['fillOpacity']) ?? (old === null ? null : old * 10);
  return {
    ...(width === null || width === 1 ? {} : { lineWidth: Math.max(0, Math.min(10, width)) }),
    ...(fill === null || fill <= 10 ? {} : { fill: Math.min(100, fill) }),
  };
}

function reduceOf(panel: Json): Reduction {
  const calcs = listOf(within(panel, 'options', 'reduceOptions', 'calcs'));
  return reductionOf(calcs[0]) ?? reductionOf(panel['valueName']) ?? 'last';
}

function legendOf(panel: Json): { legend: string; legendValues: Reduction[] } {
  const modern = objectOf(within(panel, 'options', 'legend'));
  const old = objectOf(panel['legend']);
  if (modern['showLegend'] === false || modern['displayMode'] === 'hidden' || old['show'] === false)
    return { legend: 'none', legendValues: [] };
  const named = listOf(modern['calcs']).map(reductionOf);
  const ticked = ['min', 'max', 'avg', 'current', 'total'].filter((name) => old[name] === true).map(reductionOf);
  const legendValues = [...new Set([...named, ...ticked])].filter((value) => value !== undefined).slice(0, 8);
  const table = modern['displayMode'] === 'table' || old['alignAsTable'] === true;
  return { legend: table ? 'table' : 'list', legendValues };
}

function thresholdsOf(
  panel: Json,
  defaults: Json,
  min: number,
  max: number | null,
  title: string,
  notes: Notes,
): Thresholds {
  // Grafana keeps thresholds that nobody set (80 is red) also where nothing is coloured by them.
  if (panel['type'] === 'stat' && within(panel, 'options', 'colorMode') === 'none') return { base: 'idle', steps: [] };
  const steps = objectsOf(within(defaults, 'thresholds', 'steps'));
  if (steps.length > 0) {
    const share = within(defaults, 'thresholds', 'mode') === 'percentage';
    if (share && max === null && textOf(defaults['unit']) !== 'percent')
      notes.add(
        title,
        'Thresholds in per cent of the range are read against 0 to 100: the panel names no greatest value.',
      );
    const at = (value: number) => (share ? min + (value / 100) * ((max ?? 100) - min) : value);
    return {
      base: toneOf(textOf(steps[0]?.['color'])),
      steps: steps
        .slice(1, 21)
        .map((step) => ({ at: at(numberOf(step['value']) ?? 0), tone: toneOf(textOf(step['color'])) })),
    };
  }
  if (typeof panel['thresholds'] === 'string') {
    const colours = listOf(panel['colors']).map(textOf);
    const limits = panel['thresholds']
      .split(',')
      .map(numberOf)
      .filter((limit) => limit !== null);
    const coloured =
      panel['colorValue'] === true || panel['colorBackground'] === true || within(panel, 'gauge', 'show') === true;
    if (!coloured || limits.length === 0) return { base: 'idle', steps: [] };
    return {
      base: toneOf(colours[0] ?? ''),
      steps: limits.map((limit, index) => ({ at: limit, tone: toneOf(colours[index + 1] ?? '') })),
    };
  }
  const lines = objectsOf(panel['thresholds']).filter((line) => line['op'] !== 'lt');
  const toneNames: Readonly<Record<string, 'bad' | 'warn' | 'good'>> = { critical: 'bad', warning: 'warn', ok: 'good' };
  return {
    base: 'idle',
    steps: lines.slice(0, 20).flatMap((line) => {
      const at = numberOf(line['value']);
      return at === null
        ? []
        : [{ at, tone: toneNames[textOf(line['colorMode'])] ?? toneOf(textOf(line['lineColor'])) }];
    }),
  };
}

/** Words for single values; ranges and patterns have none here. */
function wordsOf(defaults: Json, panel: Json): object[] {
  const modern = objectsOf(defaults['mappings']).flatMap((mapping) =>
    mapping['type'] === 'value'
      ? Object.entries(objectOf(mapping['options'])).map(([value, result]) =>
          word(value, within(result, 'text'), within(result, 'color')),
        )
      : [word(mapping['value'], mapping['text'], '')],
  );
  const old = objectsOf(panel['valueMaps']).map((map) => word(map['value'], map['text'], ''));
  return [...modern, ...old].filter((found) => found !== undefined).slice(0, 50);
}

function word(value: unknown, text: unknown, colour: unknown): object | undefined {
  const read = numberOf(value);
  if (read === null || textOf(text) === '') return undefined;
  const tone = textOf(colour) === '' ? {} : { tone: toneOf(textOf(colour)) };
  return { value: read, text: textOf(text).slice(0, 200), ...tone };
}

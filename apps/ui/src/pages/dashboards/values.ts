import type { DashboardPanel, Thresholds, Tone } from '@sightline/contract';
import { formatCount, formatValue } from '../../charts/number-format.ts';

/** The tone of a value: that of the highest step it reaches. */
export function toneOfValue({ base, steps }: Thresholds, value: number | null): Tone {
  if (value === null) return 'idle';
  return steps
    .toSorted((a, b) => a.at - b.at)
    .reduce<Tone>((tone, step) => (value >= step.at ? step.tone : tone), base);
}

/** The word that stands for a value, and its tone where it has one of its own. */
export function wordOf(
  panel: DashboardPanel,
  value: number | null,
): { text: string; tone: Tone | undefined } | undefined {
  const found = panel.options.words.find((word) => word.value === value);
  return found && { text: found.text, tone: found.tone };
}

export function toneOf(panel: DashboardPanel, value: number | null): Tone {
  return wordOf(panel, value)?.tone ?? toneOfValue(panel.thresholds, value);
}

/** How values of a panel are written: its words, its unit, its decimals. */
export function formatOf(panel: Pick<DashboardPanel, 'unit' | 'options'>): (value: number | null) => string {
  const { unit, options } = panel;
  return (value) => {
    if (value === null) return '–';
    const word = options.words.find((one) => one.value === value);
    if (word !== undefined) return word.text;
    if (options.decimals === null) return formatValue(value, unit);
    return withDecimals(value, unit, options.decimals);
  };
}

function withDecimals(value: number, unit: string, decimals: number): string {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const [base = '', per = ''] = unit.split('/', 2);
  const tail = per === '' ? '' : `/${per}`;
  if (base === 'share') return `${(value * 100).toLocaleString('en-US', digits)} %${tail}`;
  if (base === '%') return `${value.toLocaleString('en-US', digits)} %${tail}`;
  // Durations, bytes and amounts change their unit with their size: decimals of one unit mean nothing there.
  if (/^(ns|us|ms|s|min|h|By|bytes|USD|\$)$/.test(base) || Math.abs(value) >= 100_000) return formatValue(value, unit);
  const word = base.replace(/^\{(.*)\}$/, '$1');
  return `${value.toLocaleString('en-US', digits)}${word === '' || word === '1' ? '' : ` ${word}`}${tail}`;
}

/** A bucket's upper bound as a person reads it. */
export function boundText(le: string, unit: string): string {
  const bound = Number(le);
  if (le === '+Inf' || bound === Infinity) return '∞';
  return Number.isFinite(bound) ? (unit === '' ? formatCount(bound) : formatValue(bound, unit)) : le;
}

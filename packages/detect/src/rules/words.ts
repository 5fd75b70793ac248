import { formatDuration } from '@sightline/base';
import type { Limit } from '../rule-types/define-rule-type.ts';

/** A measure as people read it: `31 %`, `2.4 s`, `12.4/min`, `104`. */
export function formatMeasure(value: number, unit: string): string {
  if (unit === 'ms') return formatDuration(value);
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const text = Number.isInteger(value) ? String(value) : String(Number(value.toFixed(digits)));
  return unit === '%'
    ? `${text} %`
    : unit === ''
      ? text
      : unit.startsWith('1/')
        ? `${text}${unit.slice(1)}`
        : `${text} ${unit}`;
}

/** `limit 10 %` where more is worse, `least 5/min` where less is. */
export function formatLimit({ threshold, operator, unit }: Limit): string {
  return `${operator.startsWith('>') ? 'limit' : 'least'} ${formatMeasure(threshold, unit)}`;
}

const signs: Readonly<Record<Limit['operator'], string>> = { '>': '>', '>=': '≥', '<': '<', '<=': '≤' };
/** `> 10 %`, for lists. */
export function shortLimit({ threshold, operator, unit }: Limit): string {
  return `${signs[operator]} ${formatMeasure(threshold, unit)}`;
}

/** True when a value breaks the limit. */
export function breaks(value: number, { threshold, operator }: Pick<Limit, 'threshold' | 'operator'>): boolean {
  switch (operator) {
    case '>':
      return value > threshold;
    case '>=':
      return value >= threshold;
    case '<':
      return value < threshold;
    case '<=':
      return value <= threshold;
  }
}

/** A page of the interface with the values that are not empty. */
export function pageLink(path: string, search: Readonly<Record<string, string>>): string {
  const filled = Object.entries(search).filter(([, value]) => value !== '');
  const text = new URLSearchParams(filled)
    .toString()
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%2F', '/');
  return text === '' ? path : `${path}?${text}`;
}

const plainLabel = /^[\w.@:/-]{1,100}$/;
/** True when a label's name may stand in a rule. */
export const isLabelName = (name: string): boolean => plainLabel.test(name);

/** A term of the search language for one value. */
export function searchTerm(field: string, value: string): string {
  return /^[\w.-]+$/.test(value) ? `${field}:${value}` : `${field}:"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

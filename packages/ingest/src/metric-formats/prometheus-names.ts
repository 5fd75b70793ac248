/**
 * Names of OpenTelemetry as Prometheus has them
 * (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#metric-metadata-1).
 */

const units: ReadonlyMap<string, string> = new Map([
  ['d', 'days'],
  ['h', 'hours'],
  ['min', 'minutes'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  ['TiBy', 'tibibytes'],
  ['KBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['m', 'meters'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['J', 'joules'],
  ['W', 'watts'],
  ['g', 'grams'],
  ['Cel', 'celsius'],
  ['Hz', 'hertz'],
  ['1', ''],
  ['%', 'percent'],
]);
const perUnits: ReadonlyMap<string, string> = new Map([
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
]);

/** What decides on a name's endings. */
export type NamedAs = 'counter' | 'gauge' | 'other';

/** Tokens of a text: what stands between characters that a metric's name may not have. */
function tokensOf(text: string): string[] {
  return text.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== '');
}

/** A part of a unit in words; '' where it says nothing: an annotation in braces, `1`. */
function unitWords(part: string, words: ReadonlyMap<string, string>): string {
  const trimmed = part.trim();
  if (trimmed === '' || /[{}]/.test(trimmed)) return '';
  return tokensOf(words.get(trimmed) ?? trimmed).join('_');
}

/** `By/s` as `['bytes', 'per_second']`, either '' where there is none. */
function unitEndings(unit: string): readonly [unit: string, per: string] {
  const slash = unit.indexOf('/');
  const per = slash < 0 ? '' : unitWords(unit.slice(slash + 1), perUnits);
  return [unitWords(slash < 0 ? unit : unit.slice(0, slash), units), per === '' ? '' : `per_${per}`];
}

/** A unit in words, as metadata has it: `s` is `seconds`. */
export function prometheusUnit(unit: string): string {
  return unitEndings(unit)
    .filter((ending) => ending !== '')
    .join('_');
}

/** The name of a metric, '' where nothing of it is left. */
export function prometheusMetricName(name: string, unit: string, as: NamedAs): string {
  let tokens = tokensOf(name);
  for (const ending of unitEndings(unit)) if (ending !== '' && !tokens.includes(ending)) tokens.push(ending);
  if (as === 'counter') tokens = [...tokens.filter((token) => token !== 'total'), 'total'];
  // For gauges only: many count objects with the unit "1".
  if (as === 'gauge' && unit === '1') tokens = [...tokens.filter((token) => token !== 'ratio'), 'ratio'];
  const joined = tokens.join('_');
  return /^\d/.test(joined) ? `_${joined}` : joined;
}

/** The name of a label, '' where nothing of it is left. `__name__` and its like keep their underscores. */
export function prometheusLabelName(name: string): string {
  const reserved = /^__(.*)__$/s.exec(name);
  const plain = (reserved?.[1] ?? name).replace(/[^a-zA-Z0-9]+/g, '_');
  if (/^_?$/.test(plain)) return '';
  if (reserved) return `__${plain}__`;
  return /^\d/.test(plain) ? `key_${plain}` : plain;
}

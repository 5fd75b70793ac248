/** One condition on a label, as `where` of a metric query carries it. */
export interface Where {
  readonly label: string;
  readonly value: string;
}

/** Reads `label=value` pairs joined by commas; a part without `=` or label is left out. */
export function readWhere(text: string): readonly Where[] {
  return text
    .split(',')
    .map((part) => {
      const at = part.indexOf('=');
      return { label: part.slice(0, Math.max(0, at)).trim(), value: part.slice(at + 1).trim() };
    })
    .filter(({ label }) => label !== '');
}

/** Writes the pairs for the address and the API. A value with a comma cannot be said in this form and is left out. */
export function writeWhere(pairs: readonly Where[]): string {
  return pairs
    .filter(({ label, value }) => label !== '' && !/[,=]/.test(label) && !value.includes(','))
    .map(({ label, value }) => `${label}=${value}`)
    .join(',');
}

/** The pairs with one set anew; an empty value takes it away. */
export function setWhere(pairs: readonly Where[], label: string, value: string): readonly Where[] {
  const rest = pairs.filter((pair) => pair.label !== label);
  return value === '' ? rest : [...rest, { label, value }];
}

/** What a series is called: its labels, or the metric itself where it has none. */
export function seriesName(labels: Readonly<Record<string, string>>, metric: string): string {
  const parts = Object.entries(labels).map(([label, value]) => `${label}=${value || '(none)'}`);
  if (parts.length === 0) return metric;
  return parts.length === 1 ? (Object.values(labels)[0] ?? '') || '(none)' : parts.join(', ');
}

export type Aggregate = 'avg' | 'sum' | 'min' | 'max' | 'rate' | 'increase' | 'count' | 'p50' | 'p95' | 'p99';
export const aggregates: readonly Aggregate[] = [
  'avg',
  'sum',
  'min',
  'max',
  'rate',
  'increase',
  'count',
  'p50',
  'p95',
  'p99',
];

/** What to ask of a metric first: a counter says something as a rate, a distribution by its tail, a level by its mean. */
export function firstAggregate(type: string): Aggregate {
  if (/histogram|summary/i.test(type)) return 'p95';
  return /counter|sum|monotonic/i.test(type) ? 'rate' : 'avg';
}

/** A unit for people: UCUM's braces only mark a word (`{order}`), and `1` is none. */
export function unitWord(unit: string): string {
  const word = unit.replace(/^\{(.*)\}$/, '$1');
  return word === '1' ? '' : word;
}

/** The unit of what is drawn: a rate is per second, a count of samples has none. */
export function drawnUnit(unit: string, aggregate: Aggregate): string {
  if (aggregate === 'rate') return `${unit === '' ? '1' : unit}/s`;
  return aggregate === 'count' ? '1' : unit;
}

/**
 * The series whose exemplars belong to a metric: its own, and the buckets of a classic histogram. Exemplars are measurements, so `by` and
 * the aggregate change nothing about them.
 */
export function exemplarExpression(metric: string, where: readonly Where[]): string {
  const selector = (name: string): string => {
    const pairs = [{ label: '__name__', value: name }, ...where];
    return `{${pairs.map(({ label, value }) => `${/^[a-zA-Z_]\w*$/.test(label) ? label : JSON.stringify(label)}=${JSON.stringify(value)}`).join(',')}}`;
  };
  return `${selector(metric)} or ${selector(`${metric}_bucket`)}`;
}

/** Whether an aggregate answers values of the metric's own measure, so that an exemplar may stand beside them. */
export const keepsMeasure = (aggregate: string): boolean => /^(?:avg|min|max|p\d+)$/.test(aggregate);

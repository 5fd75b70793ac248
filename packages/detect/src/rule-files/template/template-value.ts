import { formatGoNumber, formatHistogram, type FloatHistogram } from '@sightline/query/promql';

/** What templates compute with. Whole numbers are bigint, as Go tells `int` from `float64`. */
export type TemplateValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | TemplateSample
  | TemplateHistogram
  | TemplateDuration
  | readonly TemplateValue[]
  | ReadonlyMap<string, TemplateValue>;

/** An element of a query's answer. */
export class TemplateSample {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  constructor(labels: ReadonlyMap<string, string>, value: number) {
    this.labels = labels;
    this.value = value;
  }
}
export class TemplateHistogram {
  readonly histogram: FloatHistogram;
  constructor(histogram: FloatHistogram) {
    this.histogram = histogram;
  }
}
export class TemplateDuration {
  readonly seconds: number;
  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

/** A template that cannot be finished: the sentence is shown in the template's place. */
export class TemplateFailure extends Error {}

/** As `{{ value }}` prints it. */
export function printValue(value: TemplateValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatGoNumber(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value === null) return '<no value>';
  if (value instanceof Date) return printTime(value);
  if (value instanceof TemplateHistogram) return formatHistogram(value.histogram);
  if (value instanceof TemplateDuration) return `${formatGoNumber(value.seconds)}s`;
  if (value instanceof TemplateSample) return `{${printValue(value.labels)} ${formatGoNumber(value.value)}}`;
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<string, TemplateValue>)].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([name, item]) => `${name}:${printValue(item)}`).join(' ')}]`;
  }
  return `[${(value as readonly TemplateValue[]).map(printValue).join(' ')}]`;
}

/** `2026-11-29 01:15:00.5 +0000 UTC`. */
export function printTime(time: Date): string {
  const [day = '', clock = ''] = time.toISOString().slice(0, -1).split('T');
  return `${day} ${clock.replace(/\.?0+$/u, (zeros) => (zeros.startsWith('.') ? '' : zeros)).replace(/(\.\d*?)0+$/u, '$1')} +0000 UTC`;
}

/** What `if`, `and`, `or` and `not` take for true: not zero and not empty. */
export function isTrue(value: TemplateValue): boolean {
  if (value === null || value === false || value === '' || value === 0 || value === 0n) return false;
  if (typeof value === 'number') return true;
  if (Array.isArray(value)) return value.length > 0;
  return !(value instanceof Map) || value.size > 0;
}

/** `.name` of a value. A label that is not there is ''. */
export function fieldOf(value: TemplateValue, name: string): TemplateValue {
  if (value instanceof Map) return (value as ReadonlyMap<string, TemplateValue>).get(name) ?? '';
  if (value instanceof TemplateSample) {
    if (name === 'Labels') return value.labels;
    if (name === 'Value') return value.value;
  }
  if (value instanceof TemplateHistogram) {
    if (name === 'Count') return value.histogram.count;
    if (name === 'Sum') return value.histogram.sum;
  }
  if (value instanceof Date && name === 'Unix') return BigInt(Math.floor(value.getTime() / 1000));
  throw new TemplateFailure(`can't evaluate field ${name}`);
}

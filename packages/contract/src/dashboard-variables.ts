/** How variables are filled into queries, titles and addresses; the forms are those of Grafana. */

export interface VariableValue {
  /** One, or several where several may be chosen. */
  readonly values: readonly string[];
  /** More than one may be chosen: the value stands in regular expressions, and its signs are escaped for them. */
  readonly multi: boolean;
  /** "All" by an expression of the author's own, which is filled in as it is. */
  readonly asIs?: boolean;
}
export type VariableValues = Readonly<Record<string, VariableValue>>;

/** Where the text stands. */
export type FillContext = 'promql' | 'logs' | 'text' | 'address';

const reference = /\$(\w+)|\[\[(\w+)(?::(\w+))?\]\]|\$\{(\w+)(?:\.\w+)?(?::(\w+))?\}/g;

/** The text with its variables filled in. Names that are no variable stay as they are: `$1` belongs to `label_replace`. */
export function fillVariables(text: string, variables: VariableValues, context: FillContext): string {
  return text.replaceAll(
    reference,
    (whole, plain?: string, square?: string, squareAs?: string, curly?: string, curlyAs?: string) => {
      const value = Object.hasOwn(variables, plain ?? square ?? curly ?? '')
        ? variables[plain ?? square ?? curly ?? '']
        : undefined;
      return value === undefined ? whole : written(value, squareAs ?? curlyAs ?? '', context);
    },
  );
}

/** Names of the variables that a text refers to. */
export function variablesIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(reference)].map((found) => found[1] ?? found[2] ?? found[4] ?? ''));
}

function written(value: VariableValue, format: string, context: FillContext): string {
  const { values, multi } = value;
  if (value.asIs) return values.join('|');
  switch (format) {
    case 'raw':
    case 'csv':
      return values.join(',');
    case 'pipe':
      return values.join('|');
    case 'regex':
      return group(values.map(escapeRegex));
    case 'text':
      return values.join(' + ');
    case 'json':
      return JSON.stringify(values);
    case 'doublequote':
      return values.map((one) => `"${one.replaceAll('"', '\\"')}"`).join(',');
    case 'singlequote':
      return values.map((one) => `'${one.replaceAll("'", "\\'")}'`).join(',');
    case 'glob':
      return values.length === 1 ? (values[0] ?? '') : `{${values.join(',')}}`;
    case 'percentencode':
    case 'queryparam':
      return encodeURIComponent(values.join(','));
    default:
      return byContext(values, multi, context);
  }
}

function byContext(values: readonly string[], multi: boolean, context: FillContext): string {
  switch (context) {
    case 'promql':
      // In a quoted text of PromQL each backslash of an expression is written twice.
      return multi
        ? group(values.map((one) => escapeRegex(one).replaceAll('\\', '\\\\').replaceAll('"', '\\"')))
        : (values[0] ?? '').replaceAll('\\', '\\\\').replaceAll('"', '\\"');
    case 'logs':
      return values.length === 1 ? quoted(values[0] ?? '') : `(${values.map(quoted).join(' OR ')})`;
    case 'address':
      return encodeURIComponent(values.join(','));
    case 'text':
      return values.join(' + ');
  }
}

const group = (parts: readonly string[]): string => (parts.length === 1 ? (parts[0] ?? '') : `(${parts.join('|')})`);
const escapeRegex = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
const quoted = (text: string): string => (/^[\w.@/-]+$/.test(text) ? text : JSON.stringify(text));

const niceStepsMs = [
  1000, 2000, 5000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000,
  7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
];

/** The step between values so that a range has at most `points` of them: 1 s, 5 s, … 1 d, then whole days. */
export function stepFor(rangeMs: number, points: number): number {
  const least = rangeMs / Math.max(1, points);
  return niceStepsMs.find((step) => step >= least) ?? Math.ceil(least / 86_400_000) * 86_400_000;
}

/** How a duration stands in PromQL: `90s`, `5m`, `1500ms`. */
export function promDuration(ms: number): string {
  const whole = Math.max(1, Math.round(ms));
  if (whole % 1000 !== 0) return `${whole}ms`;
  const seconds = whole / 1000;
  if (seconds % 86_400 === 0) return `${seconds / 86_400}d`;
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

/** Room for two samples of what reports every minute. */
const leastRateMs = 120_000;
const usualIntervalMs = 30_000;

/** What every query may refer to without a definition: `$__interval`, `$__rate_interval`, `$__range`, `$__from`, … */
export function builtInVariables(fromMs: number, toMs: number, stepMs: number): VariableValues {
  const rangeMs = Math.max(1000, Math.round((toMs - fromMs) / 1000) * 1000);
  const one = (value: string | number): VariableValue => ({ values: [String(value)], multi: false });
  return {
    __interval: one(promDuration(stepMs)),
    __interval_ms: one(stepMs),
    __rate_interval: one(promDuration(Math.max(leastRateMs, stepMs + usualIntervalMs))),
    __range: one(promDuration(rangeMs)),
    __range_s: one(rangeMs / 1000),
    __range_ms: one(rangeMs),
    __from: one(fromMs),
    __to: one(toMs),
  };
}

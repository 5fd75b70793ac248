import type { ValueType } from '../ast.ts';

/** What a function takes and returns. `variadic`: how many further arguments than all but the last are allowed; -1 any number. */
export interface FunctionSignature {
  readonly takes: readonly ValueType[];
  readonly variadic: number;
  readonly returns: ValueType;
  /** Behind a feature flag in Prometheus; here every function is on. */
  readonly experimental: boolean;
}

const letters: Readonly<Record<string, ValueType>> = { v: 'vector', m: 'matrix', s: 'scalar', t: 'string' };

/** `takes` and `returns` are letters: v(ector), m(atrix), s(calar), t(ext). */
function row(
  takes: string,
  returns: string,
  { variadic = 0, experimental = false }: { variadic?: number; experimental?: boolean } = {},
): FunctionSignature {
  const typeOf = (letter: string): ValueType => letters[letter] ?? 'vector';
  return { takes: Array.from(takes, typeOf), variadic, returns: typeOf(returns), experimental };
}
const instant = row('v', 'v');
const overTime = row('m', 'v');
const ofDate = row('v', 'v', { variadic: 1 });
const ofQuery = row('', 's', { experimental: true });
const overTimeExperimental = row('m', 'v', { experimental: true });
const ofTwo = row('ss', 's', { experimental: true });

/** Every function of Prometheus 3.14 (https://prometheus.io/docs/prometheus/latest/querying/functions/). */
export const functions: ReadonlyMap<string, FunctionSignature> = new Map(
  Object.entries({
    abs: instant,
    absent: instant,
    absent_over_time: overTime,
    acos: instant,
    acosh: instant,
    asin: instant,
    asinh: instant,
    atan: instant,
    atanh: instant,
    avg_over_time: overTime,
    ceil: instant,
    changes: overTime,
    clamp: row('vss', 'v'),
    clamp_max: row('vs', 'v'),
    clamp_min: row('vs', 'v'),
    cos: instant,
    cosh: instant,
    count_over_time: overTime,
    day_of_month: ofDate,
    day_of_week: ofDate,
    day_of_year: ofDate,
    days_in_month: ofDate,
    deg: instant,
    delta: overTime,
    deriv: overTime,
    double_exponential_smoothing: row('mss', 'v', { experimental: true }),
    end: ofQuery,
    exp: instant,
    first_over_time: overTime,
    floor: instant,
    histogram_avg: instant,
    histogram_count: instant,
    histogram_fraction: row('ssv', 'v'),
    histogram_quantile: row('sv', 'v'),
    histogram_quantiles: row('vtss', 'v', { variadic: 9, experimental: true }),
    histogram_stddev: instant,
    histogram_stdvar: instant,
    histogram_sum: instant,
    hour: ofDate,
    idelta: overTime,
    increase: overTime,
    info: row('vv', 'v', { variadic: 1, experimental: true }),
    irate: overTime,
    label_join: row('vttt', 'v', { variadic: -1 }),
    label_replace: row('vtttt', 'v'),
    last_over_time: overTime,
    ln: instant,
    log10: instant,
    log2: instant,
    mad_over_time: overTimeExperimental,
    max_of: ofTwo,
    max_over_time: overTime,
    min_of: ofTwo,
    min_over_time: overTime,
    minute: ofDate,
    month: ofDate,
    pi: row('', 's'),
    predict_linear: row('ms', 'v'),
    present_over_time: overTime,
    quantile_over_time: row('sm', 'v'),
    rad: instant,
    range: ofQuery,
    rate: overTime,
    resets: overTime,
    round: row('vs', 'v', { variadic: 1 }),
    scalar: row('v', 's'),
    sgn: instant,
    sin: instant,
    sinh: instant,
    sort: instant,
    sort_by_label: row('vt', 'v', { variadic: -1, experimental: true }),
    sort_by_label_desc: row('vt', 'v', { variadic: -1, experimental: true }),
    sort_desc: instant,
    sqrt: instant,
    start: ofQuery,
    start_timestamp: row('v', 'v', { experimental: true }),
    stddev_over_time: overTime,
    stdvar_over_time: overTime,
    step: ofQuery,
    sum_over_time: overTime,
    tan: instant,
    tanh: instant,
    time: row('', 's'),
    timestamp: instant,
    ts_of_first_over_time: overTimeExperimental,
    ts_of_last_over_time: overTimeExperimental,
    ts_of_max_over_time: overTimeExperimental,
    ts_of_min_over_time: overTimeExperimental,
    vector: row('s', 'v'),
    year: ofDate,
  }),
);

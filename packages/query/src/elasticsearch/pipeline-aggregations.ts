/**
 * Aggregations over the answers of other aggregations
 * (https://www.elastic.co/docs/reference/aggregations/pipeline): they ask the store nothing.
 */
import { readBucketScript } from './bucket-script.ts';
import { fixedInterval } from './dates.ts';
import { ElasticFault, illegal, isObject, objectOf, parsing, textOf, type Json } from './fault.ts';

/** An aggregation as it was asked for. */
export interface AskedAggregation {
  readonly name: string;
  readonly kind: string;
  readonly body: Json;
  readonly inner: readonly AskedAggregation[];
}

type Answer = Record<string, unknown>;

const siblings = new Set([
  'avg_bucket',
  'max_bucket',
  'min_bucket',
  'sum_bucket',
  'stats_bucket',
  'extended_stats_bucket',
  'percentiles_bucket',
]);
const parents = new Set([
  'derivative',
  'cumulative_sum',
  'serial_diff',
  'moving_fn',
  'bucket_script',
  'bucket_selector',
  'bucket_sort',
]);

/** Whether an aggregation of this kind reads the answers of others. */
export const isPipeline = (kind: string): boolean => siblings.has(kind) || parents.has(kind);

/** Refuses, before anything is read, a pipeline that stands where it has nothing to read. Throws `ElasticFault`. */
export function checkPipelines(list: readonly AskedAggregation[], around: AskedAggregation | undefined): void {
  for (const one of list) {
    if (parents.has(one.kind) && around === undefined)
      throw new ElasticFault(
        'action_request_validation_exception',
        `Validation Failed: 1: ${one.kind} aggregation [${one.name}] must be declared inside of another aggregation;`,
      );
    if (isPipeline(one.kind)) for (const path of pathsOf(one)) checkPath(path, one, list);
    checkPipelines(one.inner, one);
  }
  inOrder(list);
}

function checkPath(path: string, { name }: AskedAggregation, list: readonly AskedAggregation[]): void {
  const first = readPath(path)[0]?.name ?? '';
  if (!first.startsWith('_') && !list.some((other) => other.name === first))
    throw new ElasticFault(
      'action_request_validation_exception',
      `Validation Failed: 1: No aggregation found for path [${path}] of [${name}];`,
    );
}

/** The pipelines of one level, those first that others read. Throws `ElasticFault` where they read each other in a circle. */
function inOrder(list: readonly AskedAggregation[]): AskedAggregation[] {
  const waiting = list.filter(({ kind }) => isPipeline(kind));
  const ordered: AskedAggregation[] = [];
  while (waiting.length > 0) {
    const next = waiting.findIndex((one) =>
      pathsOf(one).every((path) => !waiting.some(({ name }) => name === readPath(path)[0]?.name)),
    );
    if (next < 0) throw illegal(`Cyclical dependency found with pipeline aggregator [${waiting[0]?.name}]`);
    ordered.push(...waiting.splice(next, 1));
  }
  return ordered;
}

function pathsOf({ kind, name, body }: AskedAggregation): string[] {
  if (kind === 'bucket_sort') return sortsOf(body).map(([path]) => path);
  const given = body['buckets_path'];
  if (given === undefined) throw parsing(`Required one of fields [buckets_path], but none were specified: [${name}]`);
  if (isObject(given)) return Object.values(given).map((path) => textOf(path, 'buckets_path'));
  const [path] = Array.isArray(given) ? (given as unknown[]) : [given];
  return [textOf(path, 'buckets_path')];
}

interface PathPart {
  readonly name: string;
  /** A bucket of several by its key: `name['key']`. */
  readonly key: string | undefined;
}

/** `a>b['key']>c.avg`: the dot separates the last, a value of a metric with several. */
function readPath(path: string): PathPart[] {
  return path.split('>').flatMap((part, index, all): PathPart[] => {
    const [, name = '', bracket, rest] = /^([^[\].]+)(?:\[([^\]]*)\])?(?:\.(.+))?$/.exec(part.trim()) ?? [];
    if (name === '') throw parsing(`Invalid path element [${part}] in path [${path}]`);
    const isQuoted = bracket !== undefined && /^['"]/.test(bracket);
    // The last part's bracket names a value of a metric (`spread[99.0]`) unless it is quoted.
    const isValue = bracket !== undefined && !isQuoted && index === all.length - 1;
    const own: PathPart = { name, key: isValue ? undefined : bracket?.replaceAll(/^['"]|['"]$/g, '') };
    const value = rest ?? (isValue ? bracket : undefined);
    return value === undefined ? [own] : [own, { name: value, key: undefined }];
  });
}

/** The number at a path within one bucket; NaN where there is none. */
function valueIn(bucket: Answer, parts: readonly PathPart[]): number {
  let place: unknown = bucket;
  for (const { name, key } of parts) {
    if (!isObject(place)) return Number.NaN;
    if (name === '_count') place = place['doc_count'];
    else if (name === '_key') place = place['key'];
    else if (name === '_bucket_count') place = bucketsOf(place).length;
    else if (isObject(place['values'])) {
      const values = place['values'];
      place = values[name] ?? values[Number(name).toFixed(1)];
    } else place = place[name];
    if (key !== undefined) place = bucketsOf(place).find((one) => String(one['key']) === key);
  }
  if (isObject(place)) place = place['value'];
  return typeof place === 'number' ? place : Number.NaN;
}

type GapPolicy = 'skip' | 'insert_zeros' | 'keep_values';

function gapPolicyOf(body: Json): GapPolicy {
  const given = textOf(body['gap_policy'] ?? 'skip', 'gap_policy');
  if (given === 'skip' || given === 'insert_zeros' || given === 'keep_values') return given;
  throw parsing(`Invalid gap policy: [${given}], accepted values: [insert_zeros, skip, keep_values]`);
}

/** As `valueIn`, with the policy for buckets that have no document or no number. */
function gapped(bucket: Answer, path: string, policy: GapPolicy): number {
  const parts = readPath(path);
  const value = valueIn(bucket, parts);
  const isCount = ['_count', '_bucket_count'].includes(parts.at(-1)?.name ?? '');
  if (Number.isFinite(value) && (policy === 'keep_values' || isCount || bucket['doc_count'] !== 0)) return value;
  return policy === 'insert_zeros' ? 0 : Number.NaN;
}

function bucketsOf(answer: unknown): Answer[] {
  const given = isObject(answer) ? answer['buckets'] : undefined;
  if (Array.isArray(given)) return given as Answer[];
  return isObject(given) ? (Object.values(given) as Answer[]) : [];
}

const shown = (value: number): { value: number | null } => ({ value: Number.isFinite(value) ? value : null });

/**
 * Adds the answers of the pipelines of `list` to `answer` (an object of answers by name) and to each bucket within it, innermost
 * first; selecting and sorting ones change which buckets stand there. Throws `ElasticFault`.
 */
export function addPipelines(list: readonly AskedAggregation[], answer: Answer): void {
  for (const one of list) {
    if (one.inner.length === 0) continue;
    const own = answer[one.name];
    if (isObject(own) && own['buckets'] === undefined) addPipelines(one.inner, own);
    for (const bucket of bucketsOf(own)) addPipelines(one.inner, bucket);
    for (const pipeline of inOrder(one.inner))
      if (parents.has(pipeline.kind) && isObject(own)) overBuckets(pipeline, own);
  }
  for (const pipeline of inOrder(list))
    if (siblings.has(pipeline.kind)) answer[pipeline.name] = besides(pipeline, answer);
}

/** One value of the buckets of another aggregation. */
function besides({ kind, body, name }: AskedAggregation, answer: Answer): unknown {
  const path = pathsOf({ kind, body, name, inner: [] })[0] ?? '';
  const [first, ...rest] = path.split('>');
  const buckets = bucketsOf(answer[readPath(first ?? '')[0]?.name ?? '']);
  const policy = gapPolicyOf(body);
  const within = rest.join('>');
  const found = buckets
    .map((bucket) => ({
      key: String(bucket['key_as_string'] ?? bucket['key']),
      value: gapped(bucket, within || '_count', policy),
    }))
    .filter(({ value }) => Number.isFinite(value));
  const values = found.map(({ value }) => value);
  const count = values.length;
  const sum = values.reduce((total, value) => total + value, 0);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const stats = { count, min: shown(min).value, max: shown(max).value, avg: shown(sum / count).value, sum };
  switch (kind) {
    case 'avg_bucket':
      return shown(sum / count);
    case 'sum_bucket':
      return { value: sum };
    case 'min_bucket':
    case 'max_bucket': {
      const best = kind === 'min_bucket' ? min : max;
      return { ...shown(best), keys: found.filter(({ value }) => value === best).map(({ key }) => key) };
    }
    case 'stats_bucket':
      return stats;
    case 'extended_stats_bucket': {
      const squares = values.reduce((total, value) => total + value * value, 0);
      const variance = count === 0 ? Number.NaN : squares / count - (sum / count) ** 2;
      return {
        ...stats,
        sum_of_squares: count === 0 ? null : squares,
        variance: shown(variance).value,
        std_deviation: shown(Math.sqrt(Math.max(0, variance))).value,
      };
    }
    default: {
      const given = body['percents'];
      const percents = given === undefined ? [1, 5, 25, 50, 75, 95, 99] : Array.isArray(given) ? given.map(Number) : [];
      if (
        percents.length === 0 ||
        percents.length > 50 ||
        percents.some((percent) => !(percent >= 0 && percent <= 100))
      )
        throw illegal('percents must only contain non-null doubles from 0.0-100.0 inclusive');
      const sorted = values.toSorted((a, b) => a - b);
      // The nearest bucket's value: nothing is made up between two of them.
      const at = (percent: number): number | null => sorted[Math.round((percent / 100) * (count - 1))] ?? null;
      return { values: Object.fromEntries(percents.map((percent) => [percent.toFixed(1), at(percent)])) };
    }
  }
}

/** Adds a value to each bucket around, or changes which buckets there are. */
function overBuckets(one: AskedAggregation, around: Answer): void {
  const { kind, name, body } = one;
  const buckets = bucketsOf(around);
  switch (kind) {
    case 'bucket_sort':
      return keepBuckets(around, sorted(body, buckets));
    case 'bucket_selector': {
      const script = scriptOf(one);
      return keepBuckets(
        around,
        buckets.filter((bucket) => script(bucket) === true),
      );
    }
    case 'bucket_script': {
      const script = scriptOf(one);
      for (const bucket of buckets) {
        const value = Number(script(bucket));
        if (!Number.isNaN(value)) bucket[name] = shown(value);
      }
      return;
    }
    default: {
      const policy = gapPolicyOf(body);
      const path = pathsOf(one)[0] ?? '';
      const values = buckets.map((bucket) => gapped(bucket, path, policy));
      for (const [index, value] of seriesOf(kind, body, values, buckets).entries())
        if (value !== undefined && buckets[index]) buckets[index][name] = value;
    }
  }
}

/** What each bucket gets; undefined: nothing. */
function seriesOf(kind: string, body: Json, values: readonly number[], buckets: readonly Answer[]): unknown[] {
  const before = (index: number, by: number): number => values[index - by] ?? Number.NaN;
  switch (kind) {
    case 'cumulative_sum': {
      let sum = 0;
      return values.map((value) => ({ value: (sum += Number.isFinite(value) ? value : 0) }));
    }
    case 'derivative': {
      const unit = body['unit'] === undefined ? undefined : textOf(body['unit'], 'unit');
      const unitMs = unit === undefined ? 0 : (fixedInterval(unit) ?? calendarMs[unit] ?? 0);
      if (unit !== undefined && unitMs === 0) throw parsing(`failed to parse setting [unit] with value [${unit}]`);
      return values.map((value, index) => {
        if (index === 0) return undefined;
        const slope = value - before(index, 1);
        const apartMs = Number(buckets[index]?.['key']) - Number(buckets[index - 1]?.['key']);
        return unitMs === 0
          ? shown(slope)
          : { ...shown(slope), normalized_value: shown((slope * unitMs) / apartMs).value };
      });
    }
    case 'serial_diff': {
      const lag = Number(body['lag'] ?? 1);
      if (!Number.isInteger(lag) || lag < 1)
        throw parsing(`[lag] must be a positive integer, was [${String(body['lag'])}]`);
      return values.map((value, index) => {
        const difference = value - before(index, lag);
        return Number.isFinite(difference) ? { value: difference } : undefined;
      });
    }
    default: {
      const window = Number(body['window']);
      const shift = Number(body['shift'] ?? 0);
      if (!Number.isInteger(window) || window < 1 || window > 10_000 || !Number.isInteger(shift))
        throw illegal(`[window] must be a positive, non-zero integer.`);
      const made = movingFunction(textOf(body['script'] ?? '', 'script'));
      return values.map((_, index) => {
        const to = index + shift;
        const around = values
          .slice(Math.max(0, to - window), Math.max(0, to))
          .filter((value) => Number.isFinite(value));
        return shown(made(around));
      });
    }
  }
}

const calendarMs: Readonly<Record<string, number>> = {
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
  month: 2_592_000_000,
  quarter: 7_776_000_000,
  year: 31_536_000_000,
};

const average = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;

const moving: Readonly<Record<string, (values: readonly number[], alpha: number) => number>> = {
  max: (values) => (values.length === 0 ? Number.NaN : Math.max(...values)),
  min: (values) => (values.length === 0 ? Number.NaN : Math.min(...values)),
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  unweightedAvg: average,
  stdDev: (values) => {
    const mean = average(values);
    return Math.sqrt(average(values.map((value) => (value - mean) ** 2)));
  },
  linearWeightedAvg: (values) => {
    if (values.length === 0) return Number.NaN;
    const weights = values.reduce((sum, _, index) => sum + index + 1, 0);
    return values.reduce((sum, value, index) => sum + value * (index + 1), 0) / (weights + 1);
  },
  ewma: (values, alpha) =>
    values.reduce((mean, value, index) => (index === 0 ? value : value * alpha + mean * (1 - alpha)), Number.NaN),
};

/** One of the moving functions that Painless brings, called with `values`. Throws `ElasticFault` for any other script. */
function movingFunction(text: string): (values: readonly number[]) => number {
  const [, name = '', more = ''] =
    /^\s*(?:return\s+)?MovingFunctions\.(\w+)\(\s*values\s*((?:,[^;]*)?)\)\s*;?\s*$/.exec(text) ?? [];
  const found = Object.hasOwn(moving, name) ? moving[name] : undefined;
  const alpha = Number(/^,\s*([\d.]+)\s*$/.exec(more)?.[1] ?? Number.NaN);
  const fits = name === 'ewma' ? alpha >= 0 && alpha <= 1 : name === 'stdDev' || more === '';
  if (!found || !fits)
    throw new ElasticFault(
      'script_exception',
      `[moving_fn] expected a call of MovingFunctions.${Object.keys(moving).join(', ')} with values (ewma with a number from 0 to 1 as well), but found [${text.slice(0, 200)}]`,
    );
  return (values) => found(values, alpha);
}

/** The script of a bucket, over the values that its paths name. NaN where one of them is missing. */
function scriptOf({ body, name }: AskedAggregation): (bucket: Answer) => number | boolean {
  const paths = Object.entries(objectOf(body['buckets_path'], 'buckets_path')).map(
    ([variable, path]): [string, string] => [variable, textOf(path, 'buckets_path')],
  );
  const given = body['script'];
  const source = isObject(given) ? given['source'] : given;
  if (source === undefined) throw parsing(`Missing required field [script] for [${name}]`);
  const params = isObject(given) && isObject(given['params']) ? given['params'] : {};
  const constants: Record<string, number> = {};
  for (const [key, value] of Object.entries(params)) constants[key] = Number(value);
  const known = new Set([...paths.map(([variable]) => variable), ...Object.keys(constants)]);
  const script = readBucketScript(textOf(source, 'script'), known);
  const policy = gapPolicyOf(body);
  return (bucket) => {
    const values: Record<string, number> = { ...constants };
    for (const [variable, path] of paths) {
      const value = gapped(bucket, path, policy);
      if (Number.isNaN(value)) return Number.NaN;
      values[variable] = value;
    }
    return script(values);
  };
}

function sortsOf(body: Json): [path: string, down: boolean][] {
  const given =
    body['sort'] === undefined ? [] : Array.isArray(body['sort']) ? (body['sort'] as unknown[]) : [body['sort']];
  return given.map((item) => {
    if (typeof item === 'string') return [item, false];
    const [path = '', options] = Object.entries(objectOf(item, 'sort'))[0] ?? [];
    return [path, textOf((isObject(options) ? options['order'] : options) ?? 'asc', 'sort').toLowerCase() === 'desc'];
  });
}

function sorted(body: Json, buckets: readonly Answer[]): Answer[] {
  const policy = gapPolicyOf(body);
  const sorts = sortsOf(body);
  const from = Number(body['from'] ?? 0);
  const size = body['size'] === undefined ? buckets.length : Number(body['size']);
  if (!Number.isInteger(from) || from < 0 || !Number.isInteger(size) || size < 0)
    throw illegal(`[from] and [size] of [bucket_sort] must not be negative`);
  const keyed = buckets.map((bucket) => ({ bucket, values: sorts.map(([path]) => sortValue(bucket, path, policy)) }));
  const kept = keyed.filter(({ values }) => values.length === 0 || values.some((value) => !Number.isNaN(value)));
  kept.sort((a, b) => {
    for (const [index, [, down]] of sorts.entries()) {
      const [left, right] = [a.values[index]!, b.values[index]!];
      if (left === right || (Number.isNaN(left) && Number.isNaN(right))) continue;
      // What has no value stands last either way.
      if (Number.isNaN(left) || Number.isNaN(right)) return Number.isNaN(left) ? 1 : -1;
      return (left < right ? -1 : 1) * (down ? -1 : 1);
    }
    return 0;
  });
  return kept.slice(from, from + size).map(({ bucket }) => bucket);
}

/** Keys of terms are sorted as texts. */
function sortValue(bucket: Answer, path: string, policy: GapPolicy): number | string {
  if (path === '_key' && typeof bucket['key'] === 'string') return bucket['key'];
  return gapped(bucket, path, policy);
}

function keepBuckets(around: Answer, kept: readonly Answer[]): void {
  const given = around['buckets'];
  if (isObject(given))
    around['buckets'] = Object.fromEntries(
      Object.entries(given).filter(([, bucket]) => kept.includes(bucket as Answer)),
    );
  else around['buckets'] = kept;
}

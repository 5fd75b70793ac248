import { fail, ok, type Result } from '@sightline/base';
import type { Reason } from '@sightline/record';

/** One line of StatsD or DogStatsD. */
export interface StatsdLine {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'gauge-change' | 'timer' | 'histogram' | 'set';
  /** Numbers as they stand; of a set the texts. A line of DogStatsD may pack several. */
  readonly values: readonly number[];
  readonly members: readonly string[];
  /** How many events each value stands for: 1 / sample rate. */
  readonly weight: number;
  /** `key:value` as they came. */
  readonly tags: readonly string[];
  /** When it was (`|T`, of counts and gauges alone), milliseconds since the epoch; undefined for now. */
  readonly atMs: number | undefined;
}

export interface RefusedLine {
  readonly reason: Extract<Reason, 'malformed' | 'unsupported-type' | 'rate-limited' | 'too-old' | 'too-new'>;
  readonly message: string;
}

const kinds: Readonly<Record<string, StatsdLine['kind']>> = {
  c: 'counter',
  g: 'gauge',
  ms: 'timer',
  h: 'histogram',
  d: 'histogram',
  s: 'set',
};
/** Tags of one line. */
const tagsLimit = 64;

const malformed = (message: string): Result<never, RefusedLine> => fail({ reason: 'malformed', message });

/**
 * Reads `name:value|type|@rate|#tag:value,…`
 * (https://github.com/statsd/statsd/blob/master/docs/metric_types.md, https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/).
 * Events and service checks are no metrics and refused as such.
 */
export function readStatsdLine(line: string): Result<StatsdLine, RefusedLine> {
  if (line.startsWith('_e{') || line.startsWith('_sc|'))
    return fail({ reason: 'unsupported-type', message: 'events and service checks are not kept' });
  const [head = '', type = '', ...parts] = line.split('|');
  const colon = head.indexOf(':');
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (colon <= 0) return malformed('a line is no "name:value|type"');
  if (!kind) return malformed('a line has none of the types c, g, ms, h, d, s');
  let rate = 1;
  let tags: readonly string[] = [];
  let atMs: number | undefined;
  for (const part of parts) {
    if (part.startsWith('@')) rate = Number(part.slice(1));
    else if (part.startsWith('#')) tags = part.slice(1).split(',');
    else if (/^T\d{1,11}$/.test(part)) atMs = Number(part.slice(1)) * 1000;
    // Others say where it came from (`c:`, `e:`, `card:`): nothing of ours.
  }
  if (!(rate > 0 && rate <= 1)) return malformed('a sample rate is not between 0 and 1');
  if (tags.length > tagsLimit) return malformed(`a line has more than ${tagsLimit} tags`);
  const shared = { name: head.slice(0, colon), weight: 1 / rate, tags, atMs };
  const texts = head.slice(colon + 1);
  if (kind === 'set') return ok({ ...shared, kind, values: [], members: texts.split(':') });
  // A sign tells a change of a gauge from its value.
  const change = kind === 'gauge' && /^[+-]/.test(texts);
  const values = texts.split(':').map((text) => (/^[-+]?[\d.]+(?:e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN));
  if (values.some((value) => !Number.isFinite(value))) return malformed('a value is no number');
  if (kind === 'counter' && values.some((value) => value < 0)) return malformed('a counter cannot fall');
  return ok({ ...shared, kind: change ? 'gauge-change' : kind, values, members: [] });
}

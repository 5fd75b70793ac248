import { fail, ok, type Result } from '@sightline/base';
import { setMember } from '../../../errors/secrets.ts';
import { parseJson } from '../../../errors/json-reader.ts';
import type { MetricValue } from '../../../otlp/build-metrics.ts';
import { readStatsdLine, type RefusedLine } from '../../../statsd/read-line.ts';

/** A line as the value that it tells: its tags as a client's attributes, its time in seconds as it came. */
export interface StatsdMetric extends Pick<MetricValue, 'name' | 'kind' | 'values' | 'weight'> {
  readonly unit: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; undefined where the line has no time. */
  readonly atMs: number | undefined;
}

/** How attributes of Sentry's SDKs name what their tags here do. */
const named: Readonly<Record<string, string>> = { environment: 'sentry.environment', release: 'sentry.release' };

/**
 * One line of an item `statsd` of older SDKs: `name@unit:value:…|type|#tag:value,…|Tseconds`, added up by the client over ten seconds. A gauge
 * brings its last value before its others, and has no changes; a set counts as how many members it had.
 */
export function readSentryStatsd(line: string): Result<StatsdMetric, RefusedLine> {
  const read = readStatsdLine(line);
  if (!read.ok) return read;
  const { name: whole, kind, values, members, weight, tags, atMs } = read.value;
  const at = whole.lastIndexOf('@');
  const name = at < 0 ? whole : whole.slice(0, at);
  if (name === '') return fail({ reason: 'malformed', message: 'a line has no name of a metric' });
  const given = at < 0 ? '' : whole.slice(at + 1);
  const attributes: Record<string, string> = {};
  for (const tag of tags) {
    const colon = tag.indexOf(':');
    const key = colon < 0 ? tag : tag.slice(0, colon);
    if (key !== '') setMember(attributes, named[key] ?? key, colon < 0 ? 'true' : unescaped(tag.slice(colon + 1)));
  }
  const metric = { name, unit: kind === 'timer' && given === '' ? 'millisecond' : given, weight, attributes, atMs };
  if (kind === 'set') return ok({ ...metric, kind: 'gauge', values: [new Set(members).size] });
  if (kind === 'counter') return ok({ ...metric, kind, values });
  if (kind === 'gauge' || kind === 'gauge-change') return ok({ ...metric, kind: 'gauge', values: values.slice(0, 1) });
  return ok({ ...metric, kind: 'distribution', values });
}

/** Commas and bars of a tag are written as `\u{2c}` and `\u{7c}`, the rest as JSON escapes it. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\(?:u\{([0-9a-f]{1,6})\}|[nrt\\])/gi, (escape, code: string | undefined) => {
    if (code === undefined) return String(parseJson(`"${escape}"`));
    const point = Number.parseInt(code, 16);
    return point <= 0x10_ff_ff ? String.fromCodePoint(point).toWellFormed() : escape;
  });
}

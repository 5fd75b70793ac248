import { fail, ok, parseDuration, type Result } from '@sightline/base';
import { durationNs } from '../duration.ts';
import type { TraceSearch } from '../read-traces.ts';

const defaultLookbackMs = 2 * 86_400_000;
const mostTraces = 1500;
const kinds = new Set(['internal', 'server', 'client', 'producer', 'consumer']);

/**
 * Reads the parameters of `GET /api/traces`: `service`, `operation`, `tags` (JSON) or `tag` (`key:value`), `start` and `end` in microseconds or
 * `lookback`, `minDuration`, `maxDuration`, `limit`. A fault says which one is wrong.
 */
export function readSearch(
  query: URLSearchParams,
  nowMs: number,
  { serviceRequired = true }: { readonly serviceRequired?: boolean } = {},
): Result<TraceSearch, string> {
  const service = query.get('service') ?? '';
  if (service === '' && serviceRequired) return fail("parameter 'service' is required");
  const conditions = service === '' ? [] : [`resource.service.name = ${JSON.stringify(service)}`];
  const operation = query.get('operation') ?? '';
  if (operation !== '' && operation !== 'all') conditions.push(`name = ${JSON.stringify(operation)}`);
  const tags = readTags(query);
  if (!tags.ok) return tags;
  for (const [key, value] of tags.value) conditions.push(tagCondition(key, value));
  for (const [name, op] of [
    ['minDuration', '>='],
    ['maxDuration', '<='],
  ] as const) {
    const text = query.get(name) ?? '';
    if (text === '') continue;
    const ns = durationNs(text);
    if (ns === undefined) return fail(`parameter '${name}': expected a duration such as 1.2s, 100ms or 500us`);
    conditions.push(`duration ${op} ${Math.round(ns)}ns`);
  }
  const times = readTimes(query, nowMs);
  if (!times.ok) return times;
  const limit = Number(query.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1) return fail("parameter 'limit': expected a whole number of at least 1");
  return ok({ traceql: `{ ${conditions.join(' && ')} }`, ...times.value, limit: Math.min(limit, mostTraces) });
}

function tagCondition(key: string, value: string): string {
  if (key === 'error') return value === 'true' ? 'status = error' : 'status != error';
  if (key === 'span.kind' && kinds.has(value)) return `kind = ${value}`;
  return `.${JSON.stringify(key)} = ${JSON.stringify(value)}`;
}

function readTags(query: URLSearchParams): Result<[string, string][], string> {
  const tags: [string, string][] = [];
  for (const pair of query.getAll('tag')) {
    const colon = pair.indexOf(':');
    if (colon <= 0) return fail(`malformed 'tag' parameter, expecting key:value, received: ${pair.slice(0, 200)}`);
    tags.push([pair.slice(0, colon), pair.slice(colon + 1)]);
  }
  for (const text of query.getAll('tags')) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text) as unknown;
    } catch {
      return fail("malformed 'tags' parameter, cannot unmarshal JSON");
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      return fail("malformed 'tags' parameter: expected an object of texts");
    for (const [key, value] of Object.entries(parsed)) tags.push([key, String(value)]);
  }
  return tags.length > 50 ? fail('more than 50 tags') : ok(tags);
}

/** `start` and `end` in microseconds; `lookback` as a duration (`1h`, `custom` says nothing). */
function readTimes(query: URLSearchParams, nowMs: number): Result<{ fromMs: number; toMs: number }, string> {
  const micros = (name: string): number | undefined => {
    const text = query.get(name) ?? '';
    return text === '' ? undefined : /^\d{1,17}$/.test(text) ? Number(text) / 1000 : Number.NaN;
  };
  const [start, end] = [micros('start'), micros('end')];
  if (Number.isNaN(start) || Number.isNaN(end))
    return fail("parameters 'start' and 'end': expected microseconds since the epoch");
  const lookback = parseDuration(query.get('lookback') ?? '');
  const toMs = end ?? nowMs;
  return ok({ fromMs: start ?? Math.max(0, toMs - (lookback.ok ? lookback.value : defaultLookbackMs)), toMs });
}

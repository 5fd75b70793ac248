import { fail, ok, type Result } from '@sightline/base';
import type { TraceSearch } from '../read-traces.ts';

const defaultLookbackMs = 86_400_000;
const defaultTraces = 10;
const mostTraces = 1000;
const mostTerms = 50;
/** Attributes that name the other side. */
export const remoteNames = ['peer.service', 'server.address'] as const;

/**
 * Reads the parameters of `GET /api/v2/traces` (https://zipkin.io/zipkin-api/#/default/get_traces): `serviceName`, `spanName`, `remoteServiceName`, `annotationQuery`,
 * `minDuration` and `maxDuration` in microseconds, `endTs` and `lookback` in milliseconds, `limit`. A fault says which one is wrong. As in Zipkin one span of a trace fits all of
 * them.
 */
export function readZipkinSearch(query: URLSearchParams, nowMs: number): Result<TraceSearch, string> {
  const conditions: string[] = [];
  const equals = (field: string, name: string): void => {
    const value = query.get(name) ?? '';
    if (value !== '' && value !== 'all') conditions.push(`${field} = ${JSON.stringify(value)}`);
  };
  equals('resource.service.name', 'serviceName');
  equals('name', 'spanName');
  const remote = query.get('remoteServiceName') ?? '';
  if (remote !== '' && remote !== 'all')
    conditions.push(
      `(${remoteNames.map((name) => `span.${JSON.stringify(name)} = ${JSON.stringify(remote)}`).join(' || ')})`,
    );
  const terms = termsOf(query.get('annotationQuery') ?? '');
  if (terms.length > mostTerms) return fail(`annotationQuery: more than ${mostTerms} terms`);
  conditions.push(...terms.map(termCondition));
  for (const [name, op] of [
    ['minDuration', '>='],
    ['maxDuration', '<='],
  ] as const) {
    const micros = wholeOf(query, name);
    if (!micros.ok) return micros;
    if (micros.value !== undefined) conditions.push(`duration ${op} ${micros.value}us`);
  }
  const range = readZipkinRange(query, nowMs);
  if (!range.ok) return range;
  const limit = wholeOf(query, 'limit');
  if (!limit.ok) return limit;
  if (limit.value === 0) return fail('limit: expected a whole number of at least 1');
  return ok({
    traceql: `{ ${conditions.join(' && ')} }`,
    ...range.value,
    limit: Math.min(limit.value ?? defaultTraces, mostTraces),
  });
}

/** `endTs` and `lookback`, both in milliseconds. */
export function readZipkinRange(
  query: URLSearchParams,
  nowMs: number,
): Result<{ readonly fromMs: number; readonly toMs: number }, string> {
  const [end, lookback] = [wholeOf(query, 'endTs'), wholeOf(query, 'lookback')];
  if (!end.ok) return end;
  if (!lookback.ok) return lookback;
  const toMs = end.value ?? nowMs;
  return ok({ fromMs: Math.max(0, toMs - (lookback.value ?? defaultLookbackMs)), toMs });
}

function wholeOf(query: URLSearchParams, name: string): Result<number | undefined, string> {
  const text = query.get(name) ?? '';
  if (text === '') return ok(undefined);
  return /^\d{1,15}$/.test(text)
    ? ok(Number(text))
    : fail(`${name}: expected a whole number, got ${text.slice(0, 50)}`);
}

/** `error and http.method=GET`: what a span has, as a tag or an annotation, and what a tag is. */
function termsOf(text: string): string[] {
  return text
    .split(/\s+and\s+/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
}

function termCondition(term: string): string {
  const at = term.indexOf('=');
  const name = JSON.stringify(at < 0 ? term : term.slice(0, at));
  // A failure is the status here, whatever text the tag had.
  if (term === 'error') return 'status = error';
  return at < 0 ? `(.${name} != nil || event:name = ${name})` : `.${name} = ${JSON.stringify(term.slice(at + 1))}`;
}

import { fail, ok, type Result } from '@sightline/base';
import type { TraceSearch } from '../read-traces.ts';
import { readSearch } from './search.ts';

/** What v3 calls the parameters of a search, and what they are called in v1. */
const searchNames = {
  'query.serviceName': 'service',
  'query.operationName': 'operation',
  'query.attributes': 'tags',
  'query.durationMin': 'minDuration',
  'query.durationMax': 'maxDuration',
  'query.searchDepth': 'limit',
} as const;

/**
 * Reads the parameters of `GET /api/v3/traces`; a fault says which one is wrong. The range of time is required, as in Jaeger; the service is not. Filters
 * (`query.filter`) are refused: leaving them out would find other traces than were asked for.
 */
export function readSearchV3(query: URLSearchParams, nowMs: number): Result<TraceSearch, string> {
  if ((query.get('query.filter') ?? '') !== '') return fail('parameter query.filter is not supported');
  const [from, to] = [readTimeV3(query, 'query.startTimeMin'), readTimeV3(query, 'query.startTimeMax')];
  if (!from.ok) return from;
  if (!to.ok) return to;
  if (from.value === undefined || to.value === undefined)
    return fail('query.startTimeMin and query.startTimeMax are required');
  if (from.value > to.value) return fail('query.startTimeMin lies after query.startTimeMax');
  const asked = new URLSearchParams();
  for (const [name, older] of Object.entries(searchNames)) {
    const text = textOf(query, name);
    if (text !== '') asked.set(older, text);
  }
  const depth = query.get('query.num_traces');
  if (depth !== null && !asked.has('limit')) asked.set('limit', depth);
  const read = readSearch(asked, nowMs, { serviceRequired: false });
  return read.ok ? ok({ ...read.value, fromMs: from.value, toMs: to.value }) : fail(inV3(read.error));
}

/** A time of a parameter in RFC 3339, milliseconds since the epoch; undefined where it is not said. */
export function readTimeV3(query: URLSearchParams, name: string): Result<number | undefined, string> {
  const text = textOf(query, name);
  if (text === '') return ok(undefined);
  const atMs = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? fail(`malformed parameter ${name}: expected a time as of RFC 3339`) : ok(atMs);
}

/** The value under its name, or under the older one in `snake_case`. */
function textOf(query: URLSearchParams, name: string): string {
  const older = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return query.get(name) || (query.get(older) ?? '');
}

function inV3(error: string): string {
  return Object.entries(searchNames).reduce((text, [name, older]) => text.replace(`'${older}'`, `'${name}'`), error);
}

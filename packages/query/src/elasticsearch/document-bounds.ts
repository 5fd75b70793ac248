import { parseDate } from './dates.ts';
import { ElasticFault, isObject, type Json } from './fault.ts';
import { findField } from './fields.ts';

/** What a query's conditions that must all hold say of when and where. */
export interface DocumentBounds {
  /** Undefined where nothing says how far back it looks. Milliseconds, included. */
  readonly fromMs: number | undefined;
  /** Milliseconds, excluded; undefined for no end. */
  readonly toMs: number | undefined;
  /** Undefined for any. */
  readonly sites: ReadonlySet<string> | undefined;
}

const deepest = 20;

/** The bounds of a `_search`: of `range` on the time and `term` or `terms` on the site, in `bool` (`must`, `filter`) and `constant_score`. */
export function documentBounds(body: Json, nowMs: number): DocumentBounds {
  const found = { fromMs: undefined as number | undefined, toMs: undefined as number | undefined };
  let sites: ReadonlySet<string> | undefined;
  const only = (values: readonly unknown[]): void => {
    const named = new Set(values.map(String));
    sites = sites ? new Set([...sites].filter((site) => named.has(site))) : named;
  };
  for (const condition of conditions(body['query'], 0)) {
    const [kind = '', inner] = Object.entries(condition)[0] ?? [];
    if (!isObject(inner)) continue;
    for (const [name, given] of Object.entries(inner)) {
      if (name === 'boost' || name === '_name') continue;
      const field = findField(name);
      if (kind === 'range' && field.kind === 'date' && field.sql === 'ts' && isObject(given)) {
        const { fromMs, toMs } = bounds(given, nowMs);
        if (fromMs !== undefined) found.fromMs = Math.max(fromMs, found.fromMs ?? -Infinity);
        if (toMs !== undefined) found.toMs = Math.min(toMs, found.toMs ?? Infinity);
      } else if (kind === 'term' && field.name === 'site.id') {
        if (isObject(given) && given['case_insensitive'] === true) continue;
        const value = isObject(given) ? given['value'] : given;
        if (typeof value === 'string') only([value]);
      } else if (kind === 'terms' && field.name === 'site.id' && Array.isArray(given)) only(given as unknown[]);
    }
  }
  return { ...found, sites };
}

function conditions(query: unknown, depth: number): Json[] {
  if (!isObject(query) || depth > deepest) return [];
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);
  const { bool, constant_score: constant } = query;
  if (isObject(bool))
    return [...list(bool['must']), ...list(bool['filter'])].flatMap((inner) => conditions(inner, depth + 1));
  if (isObject(constant)) return conditions(constant['filter'], depth + 1);
  return [query];
}

/** What cannot be read bounds nothing here; the query itself is then refused. */
function bounds(given: Json, nowMs: number): { readonly fromMs?: number; readonly toMs?: number } {
  const zone = typeof given['time_zone'] === 'string' ? given['time_zone'] : '';
  const at = (value: unknown, up: boolean): number | undefined => {
    if (value === undefined || value === null) return undefined;
    try {
      const ms = parseDate(value, nowMs, { up, zone });
      return Number.isFinite(ms) ? ms : undefined;
    } catch (error) {
      if (error instanceof ElasticFault) return undefined;
      throw error;
    }
  };
  // Rounded outwards: a bound that is a little too wide reads a file too much, never one too few.
  const fromMs = at(given['gte'] ?? given['from'] ?? given['gt'], false);
  const toMs = at(given['lte'] ?? given['to'] ?? given['lt'], true);
  return { ...(fromMs === undefined ? {} : { fromMs }), ...(toMs === undefined ? {} : { toMs: toMs + 1 }) };
}

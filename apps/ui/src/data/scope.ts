import { useCallback, useMemo } from 'react';
import { useAddress, type Search } from './address.ts';
import { useAnchor } from './anchor.tsx';
import { endsOf, readTimeRange, writeTimeRange, type TimeRange } from './time-range.ts';

/** The part of the address that follows a person from page to page. Empty strings mean "all". */
export interface Scope {
  readonly environment: string;
  readonly site: string;
  readonly service: string;
  readonly time: TimeRange;
  /** The range ends at now and moves on. False with fixed ends. */
  readonly live: boolean;
}

/** The scope as an API query: both ends of the range in ms. */
export interface ScopeQuery {
  readonly from: number;
  readonly to: number;
  readonly environment: string;
  readonly site: string;
  readonly service: string;
}

/** The names that the scope uses in the address. */
export const scopeKeys = ['environment', 'site', 'service', 'range', 'from', 'to', 'live'] as const;

/** Reads the scope from an address. What cannot be read is "all", never an error. */
export function readScope(search: Search): Scope {
  const time = readTimeRange(search);
  return {
    environment: search['environment'] ?? '',
    site: search['site'] ?? '',
    service: search['service'] ?? '',
    time,
    live: time.kind === 'relative' && search['live'] === '1',
  };
}

/** Writes a scope (or a part of it) for an address. Fixed ends switch live off. */
export function writeScope(scope: Partial<Scope>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const name of ['environment', 'site', 'service'] as const) {
    const value = scope[name];
    if (value !== undefined) out[name] = value;
  }
  if (scope.time !== undefined) Object.assign(out, writeTimeRange(scope.time));
  if (scope.live !== undefined) out['live'] = scope.live ? '1' : '';
  if (scope.time?.kind === 'fixed') out['live'] = '';
  return out;
}

/** Only the scope's part of an address: what a link to another page takes along. */
export function scopePart(search: Search): Record<string, string> {
  const out: Record<string, string> = {};
  for (const name of scopeKeys) {
    const value = search[name];
    if (value !== undefined && value !== '') out[name] = value;
  }
  return out;
}

/**
 * The scope of the page: `scope` as it stands in the address, `query` ready for an endpoint (the same two ends for all
 * parts of the page until the next refresh), `setScope` to change a part, `setRange` for a brushed range in ms.
 */
export function useScope(): {
  readonly scope: Scope;
  readonly query: ScopeQuery;
  readonly setScope: (change: Partial<Scope>) => void;
  readonly setRange: (from: number, to: number) => void;
  readonly refresh: () => void;
} {
  const { search, setSearch } = useAddress();
  const { nowMs, refresh } = useAnchor();
  const { environment, site, service, range, from, to, live } = search;
  const scope = useMemo(
    () => readScope(definedOnly({ environment, site, service, range, from, to, live })),
    [environment, site, service, range, from, to, live],
  );
  const query = useMemo(
    () => ({
      ...endsOf(scope.time, nowMs),
      environment: scope.environment,
      site: scope.site,
      service: scope.service,
    }),
    [scope, nowMs],
  );
  const setScope = useCallback(
    (change: Partial<Scope>) => {
      if (change.time?.kind === 'relative' || change.live === true) refresh();
      setSearch(writeScope(change), { push: change.time !== undefined });
    },
    [setSearch, refresh],
  );
  const setRange = useCallback(
    (start: number, end: number) => setScope({ time: { kind: 'fixed', from: Math.round(start), to: Math.round(end) } }),
    [setScope],
  );
  return { scope, query, setScope, setRange, refresh };
}

function definedOnly(values: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

import type { SavedSearch } from '@sightline/contract';
import type { Search, SearchPatch } from '../../data/address.ts';
import { readScope } from '../../data/scope.ts';
import { readColumns } from './columns.ts';

/**
 * The address of a saved search. What it does not name stays as the person has it, but for the columns and the opened
 * line, which belong to the search before.
 */
export function addressOfSearch({ query, scope, columns }: SavedSearch): SearchPatch {
  const narrowed = Object.entries({ environment: scope.environment, site: scope.site, service: scope.service });
  return {
    ...Object.fromEntries(narrowed.filter(([, value]) => value !== '')),
    ...(scope.range === '' ? {} : { range: scope.range, from: '', to: '' }),
    q: query,
    columns: columns.join(','),
    row: '',
    tail: '',
    view: '',
  };
}

/** What of an address is saved: its search, its scope, a relative range, its columns. */
export function searchOfAddress(search: Search): Omit<SavedSearch, 'id' | 'name' | 'createdAt' | 'createdBy'> {
  const { environment, site, service, time } = readScope(search);
  return {
    query: search['q'] ?? '',
    scope: { environment, site, service, range: time.kind === 'relative' ? time.range : '' },
    columns: [...(readColumns(search['columns']) ?? [])],
  };
}

import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';

/** What a search narrows besides its text; '' is whatever the person has chosen. */
export interface SearchScope {
  readonly environment: string;
  readonly site: string;
  readonly service: string;
  /** A relative range, such as `24h`. */
  readonly range: string;
}
export interface SearchToSave {
  readonly name: string;
  readonly query: string;
  readonly scope: SearchScope;
  readonly columns: readonly string[];
}
export interface SavedSearch extends SearchToSave {
  readonly id: string;
  readonly createdAt: number;
  readonly createdBy: string;
}

/** Searches over logs that everybody in an organisation sees. */
export interface SavedSearches {
  /** By name, at most 500: as many as may be. */
  list(organisation: string): Promise<SavedSearch[]>;
  /** Refuses a name that there is already, whatever its case, and more than an organisation may have. */
  add(organisation: string, search: SearchToSave, by: string): Promise<Result<SavedSearch, Refused>>;
  remove(organisation: string, id: string): Promise<Result<SavedSearch, Refused>>;
}

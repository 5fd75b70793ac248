import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';

/** What the list of dashboards shows of a document. */
export interface DashboardFacts {
  readonly title: string;
  readonly description: string;
  readonly folder: string;
  readonly tags: readonly string[];
  readonly panels: number;
}
export interface KeptDashboardFacts extends DashboardFacts {
  readonly id: string;
  readonly version: number;
  readonly updatedAt: number;
  readonly updatedBy: string;
}
export interface KeptDashboard extends KeptDashboardFacts {
  /** JSON that the caller checks when reading: its form may be older than the program. */
  readonly document: unknown;
}
export interface DashboardEdit {
  readonly facts: DashboardFacts;
  readonly document: unknown;
  /** Why, in the author's words; '' where nothing was said. */
  readonly message: string;
}
export interface KeptDashboardVersion {
  readonly version: number;
  readonly at: number;
  readonly author: string;
  readonly message: string;
}

/** Dashboards of an organisation with their versions, of which the last 200 are kept. */
export interface Dashboards {
  /** By title, at most 2,000: as many as may be. */
  list(organisation: string): Promise<KeptDashboardFacts[]>;
  find(organisation: string, id: string): Promise<KeptDashboard | undefined>;
  /** Version 1 under a new id, or under `id` (one that ships with Sightline and is changed for the first time). */
  create(organisation: string, edit: DashboardEdit, by: string, id?: string): Promise<Result<KeptDashboard, Refused>>;
  /** The next version. Refuses when `version` is not the newest: somebody else saved meanwhile. */
  save(
    organisation: string,
    id: string,
    version: number,
    edit: DashboardEdit,
    by: string,
  ): Promise<Result<KeptDashboard, Refused>>;
  /** With all versions. */
  remove(organisation: string, id: string): Promise<Result<KeptDashboardFacts, Refused>>;
  /** Newest first. */
  versions(organisation: string, id: string): Promise<KeptDashboardVersion[]>;
  version(
    organisation: string,
    id: string,
    version: number,
  ): Promise<(KeptDashboardVersion & { readonly document: unknown }) | undefined>;
}

import type { ReleaseHealth } from '@sightline/query';

/** `till` of `till@1.2.0`; '' where the version names none. */
export function packageOf(release: string): string {
  const at = release.lastIndexOf('@');
  return at > 0 ? release.slice(0, at) : '';
}

export interface Adoption {
  /** Of the sessions in all environments where the release had any, 0 to 1. */
  readonly adoption: number;
  /** By environment, the one with most sessions first. */
  readonly environments: { environment: string; sessions: number; adoption: number }[];
}

/**
 * The share of each release in the sessions of its package, and where its name has none of its services, by environment: another
 * program and another environment say nothing of who runs it. Releases without sessions have none.
 */
export function adoptionOf(seen: readonly Pick<ReleaseHealth, 'release' | 'spread'>[]): ReadonlyMap<string, Adoption> {
  const families = new Map<string, number>();
  const familyOf = (release: string, { environment, service }: ReleaseHealth['spread'][number]): string =>
    JSON.stringify([environment, packageOf(release) || ['service', service]]);
  for (const { release, spread } of seen)
    for (const place of spread) {
      const family = familyOf(release, place);
      families.set(family, (families.get(family) ?? 0) + place.sessions);
    }
  const found = new Map<string, Adoption>();
  for (const { release, spread } of seen) {
    const byEnvironment = Map.groupBy(spread, ({ environment }) => environment);
    const rows = [...byEnvironment].map(([environment, places]) => {
      const own = places.reduce((sum, { sessions }) => sum + sessions, 0);
      // Several services of one package are one family.
      const names = new Set(places.map((place) => familyOf(release, place)));
      const all = [...names].reduce((sum, family) => sum + (families.get(family) ?? 0), 0);
      return { environment, sessions: own, all };
    });
    const own = rows.reduce((sum, { sessions }) => sum + sessions, 0);
    const all = rows.reduce((sum, row) => sum + row.all, 0);
    if (own === 0) continue;
    found.set(release, {
      adoption: own / all,
      environments: rows
        .toSorted((a, b) => b.sessions - a.sessions)
        .map((row) => ({ environment: row.environment, sessions: row.sessions, adoption: row.sessions / row.all })),
    });
  }
  return found;
}

/** Between two dashboards of a rotation, seconds. */
export const rotation = { shortestS: 5, longestS: 86_400 } as const;

/** Where a rotation stands: which of how many, and which come before and after. */
export interface RotationPlace {
  /** From 1; 0 where the dashboard is not among those that rotate. */
  readonly position: number;
  readonly total: number;
  readonly next: string | undefined;
  readonly previous: string | undefined;
  /** Named dashboards that there are none of. */
  readonly missing: readonly string[];
}

/** Seconds between two dashboards, from the address: 0 does not rotate. */
export function rotationSeconds(asked: string | undefined): number {
  const seconds = Number(asked ?? 0);
  if (!Number.isFinite(seconds) || seconds <= 0) return 0;
  return Math.min(rotation.longestS, Math.max(rotation.shortestS, Math.round(seconds)));
}

/**
 * The place of `id` in a rotation among the named dashboards, or among those of its folder where none is named. What does not exist is left
 * out and said. `all` is undefined until the list is known: then the names are taken at their word.
 */
export function rotationPlace(
  id: string,
  folder: string,
  named: readonly string[],
  all: readonly { readonly id: string; readonly folder: string }[] | undefined,
): RotationPlace {
  const known = all === undefined ? undefined : new Set(all.map((one) => one.id));
  const missing = named.filter((one) => known !== undefined && !known.has(one));
  const ring =
    named.length > 0
      ? [...new Set(named)].filter((one) => known === undefined || known.has(one))
      : (all ?? []).filter((one) => one.folder === folder).map((one) => one.id);
  const at = ring.indexOf(id);
  const step = (by: number): string | undefined => {
    const to = at < 0 ? ring[0] : ring[(at + by + ring.length) % ring.length];
    return to === id ? undefined : to;
  };
  return { position: at + 1, total: ring.length, next: step(1), previous: step(-1), missing };
}

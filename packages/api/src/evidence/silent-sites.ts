/** Days in a row of a period on which a site sent nothing. */
export interface SilentSite {
  readonly site: string;
  readonly days: number;
  readonly first: string;
  readonly last: string;
}

/**
 * Sites with days without any log, by name, and how many sites were looked at: those that were entered, from the day of that, and those that are known
 * by their logs alone, from the first day of the period on which they sent some. Days are YYYY-MM-DD, in order.
 */
export function silentSites(
  days: readonly string[],
  entered: readonly { readonly code: string; readonly since: string }[],
  seen: ReadonlyMap<string, ReadonlySet<string>>,
): { readonly looked: number; readonly silent: readonly SilentSite[] } {
  const from = new Map(entered.map(({ code, since }) => [code, since]));
  for (const [site, on] of seen) {
    const first = days.find((day) => on.has(day));
    if (site !== '' && first !== undefined && !from.has(site)) from.set(site, first);
  }
  const silent = [...from].flatMap(([site, since]) => {
    const missing = days.filter((day) => day >= since && !seen.get(site)?.has(day));
    const [first] = missing;
    return first === undefined ? [] : [{ site, days: missing.length, first, last: missing.at(-1) ?? first }];
  });
  return { looked: from.size, silent: silent.toSorted((a, b) => (a.site < b.site ? -1 : 1)) };
}

const palette = 8;

/** A colour for each service in the order of first appearance; from the ninth on they repeat. */
export function serviceColours(services: readonly string[]): ReadonlyMap<string, string> {
  const colours = new Map<string, string>();
  for (const service of services) {
    if (!colours.has(service)) colours.set(service, `var(--series-${(colours.size % palette) + 1})`);
  }
  return colours;
}

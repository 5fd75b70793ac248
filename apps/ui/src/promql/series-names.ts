type Labels = Readonly<Record<string, string>>;

/** How a series is written in PromQL: `up{job="node"}`. */
export function seriesText(labels: Labels): string {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? name || '{}' : `${name}{${pairs.join(', ')}}`;
}

/**
 * Names for the series of one query: the legend with `{{label}}` filled in; without one the labels in which they differ, and
 * `fallback` where there is but one series without labels.
 */
export function seriesNames(all: readonly Labels[], legend: string, fallback: string): readonly string[] {
  if (legend !== '') {
    return all.map((labels) => legend.replaceAll(/\{\{\s*([\w.]+)\s*\}\}/g, (_, label: string) => labels[label] ?? ''));
  }
  const [first] = all;
  if (first === undefined) return [];
  if (all.length === 1) return [Object.keys(first).length === 0 ? fallback : seriesText(first)];
  const names = new Set(all.flatMap((labels) => Object.keys(labels)));
  const differing = [...names].filter((label) => all.some((labels) => labels[label] !== first[label]));
  const [only] = differing;
  if (differing.length === 1 && only !== undefined) return all.map((labels) => labels[only] ?? '(none)');
  return all.map((labels) =>
    differing
      .filter((label) => labels[label] !== undefined)
      .map((label) => `${label}=${labels[label]}`)
      .join(', '),
  );
}

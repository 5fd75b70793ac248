const words = new Set(['kind', 'status']);

/** An attribute or intrinsic that has a value, as a condition of TraceQL; odd names and all texts are quoted. */
export function conditionOf(name: string, value: string): string {
  if (words.has(name)) return `${name} = ${value}`;
  const dot = name.indexOf('.');
  const key = name.slice(dot + 1);
  const written = dot < 0 || /^[\w.:/-]+$/.test(key) ? name : `${name.slice(0, dot + 1)}${JSON.stringify(key)}`;
  return `${written} = ${JSON.stringify(value)}`;
}

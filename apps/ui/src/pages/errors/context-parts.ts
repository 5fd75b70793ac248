/** A context of an event for people: texts of several lines (a component stack) by themselves, the rest as JSON ('' where nothing is left). */
export function contextParts(context: Readonly<Record<string, unknown>>): {
  readonly json: string;
  readonly texts: readonly { readonly name: string; readonly text: string }[];
} {
  const isText = (value: unknown): value is string => typeof value === 'string' && value.trim().includes('\n');
  const entries = Object.entries(context);
  const rest = entries.filter(([, value]) => !isText(value));
  return {
    json: rest.length === 0 && entries.length > 0 ? '' : JSON.stringify(Object.fromEntries(rest), null, 2),
    texts: entries.flatMap(([name, value]) =>
      isText(value) ? [{ name, text: value.replace(/^\s*\n/, '').trimEnd() }] : [],
    ),
  };
}

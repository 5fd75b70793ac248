/** More would leave no room for the message. */
export const mostColumns = 6;

/** The columns as the address has them; undefined where it names none: site and service then. */
export function readColumns(text: string | undefined): readonly string[] | undefined {
  const names = [...new Set((text ?? '').split(',').map((name) => name.trim()))].filter((name) => name !== '');
  return names.length === 0 ? undefined : names.slice(0, mostColumns);
}

/** The address after a column was added or, where it stands already, taken away. */
export function toggleColumn(text: string | undefined, name: string): string {
  const before = readColumns(text) ?? [];
  if (before.includes(name)) return before.filter((one) => one !== name).join(',');
  return [...before, name].slice(-mostColumns).join(',');
}

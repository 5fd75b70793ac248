/** A time as a field of the kind `datetime-local` holds it, in the viewer's zone; '' for none. */
export function localTime(at: number | undefined): string {
  if (at === undefined) return '';
  const date = new Date(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** What such a field holds as milliseconds since the epoch; undefined for what is no time. */
export function readLocalTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(text)) return undefined;
  const at = new Date(text).getTime();
  return Number.isNaN(at) || at < 0 ? undefined : at;
}

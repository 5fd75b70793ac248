/** `1435781451.781`: seconds, with milliseconds where there are any. */
export function timestampJson(ms: number): string {
  const size = Math.abs(ms);
  const fraction = size % 1000;
  const shown = `${Math.floor(size / 1000)}${fraction === 0 ? '' : `.${String(fraction).padStart(3, '0')}`}`;
  return ms < 0 ? `-${shown}` : shown;
}

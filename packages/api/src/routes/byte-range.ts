/** The bytes that a `Range` header asks for, both ends included; undefined where it asks for all, several or none that are there (RFC 9110, 14.2). */
export function rangeOf(header: string | undefined, sizeBytes: number): { from: number; to: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const from = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const to = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  return from <= to && from < sizeBytes ? { from, to } : undefined;
}

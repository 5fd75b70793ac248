/** Where to go after signing in: an address of this product, or the first page. Never another host's. */
export function nextAddress(asked: string | undefined): string {
  if (asked === undefined || !asked.startsWith('/') || /^\/[/\\]/.test(asked)) return '/';
  if (/^\/(sign-in|setup|invitation)\b/.test(asked)) return '/';
  return asked;
}

/**
 * Whether a release came after another: by the numbers of their versions (`shop@1.10.0` after `shop@1.9.2`, a release after
 * its candidates); where one of them has none, every other release counts as later.
 */
export function isNewerRelease(release: string, than: string): boolean {
  if (release === than || release === '') return false;
  const [one, other] = [versionOf(release), versionOf(than)];
  if (!one || !other) return true;
  for (let i = 0; i < Math.max(one.numbers.length, other.numbers.length); i++) {
    const difference = (one.numbers[i] ?? 0) - (other.numbers[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  if (one.suffix === other.suffix) return false;
  if (one.suffix === '') return true;
  return other.suffix !== '' && one.suffix.localeCompare(other.suffix, 'en', { numeric: true }) > 0;
}

function versionOf(release: string): { numbers: number[]; suffix: string } | undefined {
  const found = /(?:^|@|-|v)(\d{1,9}(?:\.\d{1,9}){1,3})(?:-([\w.]{1,50}))?(?:\+.*)?$/.exec(release);
  return found ? { numbers: (found[1] ?? '').split('.').map(Number), suffix: found[2] ?? '' } : undefined;
}

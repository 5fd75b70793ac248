const units = [
  ['y', 31_536_000_000],
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;
const form = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/u;

/** Milliseconds of `1h30m`; units from great to small, each once. `undefined` when it is no duration. */
export function parsePrometheusDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const found = text === '' ? null : form.exec(text);
  if (found === null) return undefined;
  return units.reduce((sum, [, ms], at) => sum + Number(found[at + 1] ?? 0) * ms, 0);
}

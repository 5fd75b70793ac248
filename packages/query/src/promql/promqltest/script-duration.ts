const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 } as const;

/** `1h30m`, `10s53ms`, `0`: milliseconds, or `undefined` when it is no duration. */
export function parseScriptDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(?:\d+(?:ms|[smhdwy]))+$/u.test(text)) return undefined;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/gu))
    totalMs += Number(count) * unitsMs[unit as keyof typeof unitsMs];
  return totalMs;
}

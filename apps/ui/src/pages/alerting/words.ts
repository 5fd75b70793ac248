import type { Delivery, Matcher } from '@sightline/contract';

/** `at once`, `40 s`, `5 min`, `1 h 30 min`, `2 d`. */
export function waitText(ms: number): string {
  if (ms <= 0) return 'at once';
  const parts: string[] = [];
  let rest = Math.round(ms / 1000);
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(' ');
}

/** Milliseconds of `5`, `5 min`, `90s`, `1 h 30 min`, `2d`; minutes where no unit stands; undefined for what is no length. */
export function readWait(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === '' || trimmed === 'at once') return 0;
  const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
  if (!/^(\d+(\.\d+)?\s*(s|m|min|h|d)?\s*)+$/.test(trimmed)) return undefined;
  let sum = 0;
  for (const [, count = '0', , unit = 'min'] of trimmed.matchAll(/(\d+(\.\d+)?)\s*(min|s|m|h|d)?/g)) {
    sum += Number(count) * (units[unit] ?? 60_000);
  }
  return Math.round(sum);
}

export const operators = [
  { value: '=', label: 'is', isRegex: false, isEqual: true },
  { value: '!=', label: 'is not', isRegex: false, isEqual: false },
  { value: '=~', label: 'matches', isRegex: true, isEqual: true },
  { value: '!~', label: 'does not match', isRegex: true, isEqual: false },
] as const;
export type Operator = (typeof operators)[number];

/** The operator between a matcher's label and value. */
export function operatorOf({ isRegex, isEqual }: Pick<Matcher, 'isRegex' | 'isEqual'>): Operator {
  return operators.find((one) => one.isRegex === isRegex && one.isEqual === isEqual) ?? operators[0];
}

/** `site is STORE_047`. */
export function matcherText(matcher: Matcher): string {
  return `${matcher.name} ${operatorOf(matcher).label} ${matcher.value === '' ? '(empty)' : matcher.value}`;
}

export const kindWords: Readonly<Record<Delivery['kind'], string>> = {
  opened: 'opened',
  escalated: 'escalated',
  worse: 'got worse',
  acknowledged: 'acknowledged',
  resolved: 'resolved',
  reopened: 'came back',
  fallback: 'nobody else told',
  assigned: 'issue assigned',
  test: 'test',
};

export const statusTones = { waiting: 'warn', delivered: 'good', failed: 'bad', cancelled: 'idle' } as const;
export const statusWords: Readonly<Record<Delivery['status'], string>> = {
  waiting: 'waiting',
  delivered: 'delivered',
  failed: 'failed',
  cancelled: 'not needed',
};
export const endingTones = { delivered: 'good', retry: 'warn', failed: 'bad' } as const;
export const endingWords = { delivered: 'delivered', retry: 'to be tried again', failed: 'failed' } as const;

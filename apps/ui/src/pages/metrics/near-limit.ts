import type { Tone } from '../../components/state-badge.tsx';

/** From this share of a limit on it is worth a look. */
const nearShare = 0.8;

/** How near a number of series is to its limit, and the word for it; '' where it is far, or no limit is known. */
export function nearLimit(series: number, limit: number | null): { readonly tone: Tone; readonly word: string } {
  if (limit === null || series < limit * nearShare) return { tone: 'good', word: '' };
  return series >= limit ? { tone: 'bad', word: 'at the limit' } : { tone: 'warn', word: 'near the limit' };
}

import { useMemo } from 'react';
import type { CompletedLanguage } from './completed-language.ts';

type Range = { readonly from: number; readonly to: number };

/** Offers need not follow every step of a live range: a fresh start once in five minutes is enough. */
const coarseMs = 300_000;

/** A language whose offers come from the page's range, ms since the epoch, as it moves on. */
export function useCompletedIn(make: (range: Range) => CompletedLanguage, range: Range): CompletedLanguage {
  const from = Math.floor(range.from / coarseMs) * coarseMs;
  const to = Math.ceil(range.to / coarseMs) * coarseMs;
  return useMemo(() => make({ from, to }), [make, from, to]);
}

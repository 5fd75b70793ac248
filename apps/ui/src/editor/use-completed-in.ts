import { useEffect, useMemo, useRef } from 'react';
import type { CompletedLanguage } from './completed-language.ts';

type Range = { readonly from: number; readonly to: number };

/** Offers need not follow every step of a live range: a fresh start once in five minutes is enough. */
const coarseMs = 300_000;

/** A language whose offers come from the page's range, ms since the epoch, as it moves on. */
export function useCompletedIn(
  make: (range: () => Range) => CompletedLanguage,
  { from, to }: Range,
): CompletedLanguage {
  const range = useRef<Range>({ from, to });
  useEffect(() => {
    range.current = { from: Math.floor(from / coarseMs) * coarseMs, to: Math.ceil(to / coarseMs) * coarseMs };
  }, [from, to]);
  return useMemo(() => make(() => range.current), [make]);
}

import { logFields } from '@sightline/contract';
import { useDebouncedValue } from '@mantine/hooks';
import { useMemo } from 'react';
import { useAsk } from '../data/ask.ts';
import type { ScopeQuery } from '../data/scope.ts';
import { rankOffers, type CompletionPlace } from './completion.ts';

const none: readonly string[] = [];
/** Offers need not follow every step of a live range: a fresh start once in five minutes is enough. */
const coarseMs = 300_000;

/** What to offer at a place in the query, from the fields and values that were really received. */
export function useOffers(
  place: CompletionPlace | undefined,
  scope: ScopeQuery,
  ownFields: readonly string[],
): readonly string[] {
  const [asked] = useDebouncedValue(place, 120);
  const query = {
    ...scope,
    from: Math.floor(scope.from / coarseMs) * coarseMs,
    to: Math.ceil(scope.to / coarseMs) * coarseMs,
    field: asked?.kind === 'value' ? asked.field : '',
    prefix: asked?.kind === 'value' ? asked.prefix.slice(0, 200) : '',
  };
  const { data } = useAsk(logFields, { query }, { when: asked !== undefined });
  return useMemo(() => {
    if (place === undefined) return none;
    if (place.kind === 'value') return rankOffers(data?.values ?? none, place.prefix);
    return rankOffers([...new Set([...ownFields, ...(data?.fields ?? none)])], place.prefix);
  }, [place, data, ownFields]);
}

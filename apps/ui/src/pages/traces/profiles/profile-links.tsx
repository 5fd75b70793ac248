import type { Span } from '@sightline/contract';
import { useMemo, type ReactNode } from 'react';
import { Go } from '../../../shell/go.tsx';
import type { SpanTree } from '../span-tree.ts';
import { profileOf, type ProfilePlace } from './profile-of.ts';

/** Leads from a trace to the profile of its first span that has one; draws nothing where none has. */
export function ProfileOfTrace({ tree }: { tree: SpanTree }): ReactNode {
  const place = useMemo(() => {
    for (const { span } of tree.byId.values()) {
      const found = profileOf(span, tree);
      if (found !== undefined) return found;
    }
    return undefined;
  }, [tree]);
  return place === undefined ? null : <ProfileLink place={place}>Profile</ProfileLink>;
}

/** Leads from a span to what its program did meanwhile; draws nothing where that was not profiled. */
export function ProfileOfSpan({ span, tree }: { span: Span; tree: SpanTree }): ReactNode {
  const place = profileOf(span, tree);
  return place === undefined ? null : <ProfileLink place={place}>Profile of the span</ProfileLink>;
}

function ProfileLink({ place, children }: { place: ProfilePlace; children: ReactNode }): ReactNode {
  return (
    <Go to={`/profiles/${place.id}`} search={{ since: String(place.since), until: String(place.until) }}>
      {children}
    </Go>
  );
}

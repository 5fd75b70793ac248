import type { Span } from '@sightline/contract';
import type { SpanTree } from '../span-tree.ts';

/** Where the profile of a span is: its own id, or the profiler's and when the span ran (ms). */
export interface ProfilePlace {
  readonly id: string;
  readonly since: number;
  readonly until: number;
}

/** A chain of parents may be a ring where clients err; no request nests so deep. */
const farthest = 10_000;

/**
 * The profile in which a span ran: the span itself or the nearest above it, of the same service, says which. Undefined where none
 * does. https://getsentry.github.io/sentry-conventions/
 */
export function profileOf(span: Span, tree: Pick<SpanTree, 'byId'>): ProfilePlace | undefined {
  let at: Span | undefined = span;
  for (let steps = 0; at !== undefined && at.service === span.service && steps < farthest; steps += 1) {
    const { attributes } = at;
    const id = [attributes['sentry.profile_id'], attributes['sentry.profiler_id']].find(
      (one) => one !== undefined && /^[0-9a-f]{32}$/.test(one),
    );
    if (id !== undefined) {
      return { id, since: Math.floor(span.at), until: Math.ceil(span.at + span.durationNs / 1e6) };
    }
    at = tree.byId.get(at.parentId)?.span;
  }
  return undefined;
}

import type { Span } from '@sightline/contract';
import type { SpanExample } from './example-list.tsx';

const aroundMs = 3_600_000;

/** What to ask `latencyExamples` for: spans like this root, within an hour of it. Sites may differ, the environment not. */
export function likeRoot(root: Span) {
  return {
    from: Math.max(0, Math.floor(root.at) - aroundMs),
    to: Math.ceil(root.at) + aroundMs,
    environment: root.environment,
    site: '',
    service: root.service,
    operation: root.name,
    q: root.kind === 'unspecified' ? '' : `kind:${root.kind}`,
    limit: 500,
  };
}

/**
 * The example whose duration is in the middle, of other traces than this one; those that failed only where all did.
 * Undefined where there is no other trace. Of an even number the shorter of the two in the middle.
 */
export function typicalExample(examples: readonly SpanExample[], traceId: string): SpanExample | undefined {
  const others = examples.filter((one) => one.traceId !== traceId);
  const sound = others.filter(({ failed }) => !failed);
  const ordered = (sound.length > 0 ? sound : others).toSorted((a, b) => a.durationMs - b.durationMs);
  return ordered[Math.floor((ordered.length - 1) / 2)];
}

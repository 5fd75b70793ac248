import { latencyExamples } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAsk } from '../../data/ask.ts';
import type { ScopeQuery } from '../../data/scope.ts';
import { ExampleList } from './example-list.tsx';

/** Spans of an operation (or a search) within a range of durations, to open. */
export function LatencyExamples(props: {
  query: ScopeQuery;
  operation?: string;
  q?: string;
  slowerThanMs?: number;
  fasterThanMs?: number;
}): ReactNode {
  const { query, operation = '', q = '', slowerThanMs = 0, fasterThanMs = 1e12 } = props;
  const { data, error, isPending, refetch } = useAsk(latencyExamples, {
    query: { ...query, operation, q, minMs: slowerThanMs, maxMs: fasterThanMs, limit: 20 },
  });
  if (isPending) return <SkeletonRows rows={5} height={28} />;
  if (data === undefined) return error === null ? null : <ErrorState error={error} again={() => void refetch()} />;
  return (
    <section>
      <h3 className="part-title">
        Examples <span className="muted">{formatCount(data.matching)} spans match</span>
      </h3>
      <ExampleList examples={data.spans} />
    </section>
  );
}

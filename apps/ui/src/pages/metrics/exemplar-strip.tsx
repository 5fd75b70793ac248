import { metricExemplars } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { dayAndTime } from '../../components/time-format.ts';
import { useAsk } from '../../data/ask.ts';
import { Go } from '../../shell/go.tsx';

interface Question {
  readonly from: number;
  readonly to: number;
  readonly environment: string;
  readonly site: string;
  readonly service: string;
  readonly expression: string;
}

/** Single measurements at the foot of a chart, each a way to its trace. Nothing where the metrics come without exemplars. */
export function ExemplarStrip({ query }: { query: Question }): ReactNode {
  const asked = useAsk(metricExemplars, { query });
  const found = (asked.data?.exemplars ?? []).filter(({ traceId }) => traceId !== '');
  const { from, to } = query;
  return found.map(({ at, value, traceId }) => {
    const text = `Exemplar: ${formatCount(value)} at ${dayAndTime(at)}. Open its trace`;
    return (
      <Go
        key={`${at} ${traceId}`}
        to={`/traces/${traceId}`}
        className="exemplar"
        title={text}
        aria-label={text}
        // A press here follows the link; it begins no range.
        onMouseDown={(event) => event.stopPropagation()}
        style={{ left: `${((100 * (at - from)) / (to - from)).toFixed(2)}%` }}
      />
    );
  });
}

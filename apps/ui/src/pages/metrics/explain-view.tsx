import { explainMetrics } from '@sightline/contract';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { ErrorState } from '../../components/error-state.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';

/** The steps of a query as a tree: how many series each yields at the end of the range, and how long it took. */
export function ExplainView({ name, expression, at }: { name: string; expression: string; at: number }): ReactNode {
  const { environment, site, service } = useScope().query;
  const body = { at, environment, site, service, expression };
  const asked = useQuery<Reply<typeof explainMetrics>, ProblemError>({
    queryKey: [explainMetrics.path, body],
    queryFn: async ({ signal }) => call(explainMetrics, { body }, signal),
  });
  if (asked.data === undefined)
    return asked.error === null ? (
      <SkeletonRows rows={4} />
    ) : (
      <ErrorState error={asked.error} again={() => void asked.refetch()} />
    );
  const { steps, omitted } = asked.data;
  const number = (value: number | null): string => (value === null ? '' : formatCount(value));
  return (
    <section className="panel" aria-label={`Steps of ${name}`}>
      <header className="panel-head">
        <h2>Steps of {name}</h2>
        <span className="muted">at the end of the range; the time of a step holds that of what it is made of</span>
      </header>
      <ScrollX label={`Table of the steps of ${name}`}>
        <table className="table one-line">
          <thead>
            <tr>
              <th>Step</th>
              <th>Kind</th>
              <th className="number">Series</th>
              <th className="number">Samples read</th>
              <th className="number">Took</th>
            </tr>
          </thead>
          <tbody>
            {steps.map(({ text, kind, depth, series, samples, tookMs, fault }, index) => (
              // oxlint-disable-next-line react/no-array-index-key -- a step may stand in several places
              <tr key={index}>
                <td className="code" style={{ paddingLeft: `${8 + 16 * depth}px` }}>
                  {text}
                  {fault !== '' && <span className="form-problem">{fault}</span>}
                </td>
                <td className="muted">{kind}</td>
                <td className="number">{number(series)}</td>
                <td className="number">{number(samples)}</td>
                <td className="number">{tookMs === null ? '' : formatDuration(tookMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      {omitted > 0 && <p className="muted">{omitted} more steps were not evaluated.</p>}
    </section>
  );
}

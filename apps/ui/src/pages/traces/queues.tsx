import { Button } from '@mantine/core';
import { listQueues } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAsk } from '../../data/ask.ts';
import { useScope } from '../../data/scope.ts';
import { Go, useGo } from '../../shell/go.tsx';
import { Failures } from './figures-table.tsx';

/** Queues as producers and consumers tell of them: what goes in, what comes out, how long it waits. */
export function Queues(): ReactNode {
  const { query } = useScope();
  const go = useGo();
  const { data, error, isPending, refetch } = useAsk(listQueues, { query });
  if (isPending) return <SkeletonRows rows={8} height={32} />;
  if (data === undefined) return error === null ? null : <ErrorState error={error} again={() => void refetch()} />;
  if (data.queues.length === 0)
    return (
      <EmptyState
        compact
        title="No queue in this range"
        text="Producer and consumer spans with `messaging.destination.name` are shown here as queues."
        action={<Button onClick={() => go('/data')}>Send data</Button>}
      />
    );
  return (
    <section className="panel">
      <ScrollX label="Table of queues">
        <table className="table figures-table">
          <thead>
            <tr>
              <th>Queue</th>
              <th>From</th>
              <th>To</th>
              <th className="number">Produced</th>
              <th className="number">Consumed</th>
              <th className="number">Errors</th>
              <th className="number">Wait</th>
              <th className="number">Publish p95</th>
              <th className="number">Process p95</th>
            </tr>
          </thead>
          <tbody>
            {data.queues.map((row) => (
              <tr key={row.queue}>
                <td>{row.queue}</td>
                <td>
                  {row.producers.map((service) => (
                    <ServiceLink key={service} service={service} />
                  ))}
                </td>
                <td>
                  {row.consumers.map((service) => (
                    <ServiceLink key={service} service={service} />
                  ))}
                </td>
                <td className="number">{formatCount(row.produced)}</td>
                <td className="number">{formatCount(row.consumed)}</td>
                <td className="number">
                  <Failures share={row.errors / Math.max(1, row.produced + row.consumed)} />
                </td>
                <td className="number">{row.lagMs === null ? '–' : formatDuration(row.lagMs)}</td>
                <td className="number">{formatDuration(row.publishP95Ms)}</td>
                <td className="number">{formatDuration(row.processP95Ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}

function ServiceLink({ service }: { service: string }): ReactNode {
  return (
    <Go to="/traces" search={{ service, view: '' }} className="service-link">
      {service}
    </Go>
  );
}

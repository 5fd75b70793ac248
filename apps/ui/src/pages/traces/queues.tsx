import { Button } from '@mantine/core';
import { listQueues } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { Drawer } from '../../components/drawer.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { NumberCell } from '../../components/number-cell.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { useScope } from '../../data/scope.ts';
import { Go, useGo } from '../../shell/go.tsx';
import { CallView } from './calls.tsx';
import { Failures } from './figures-table.tsx';

/** Queues as producers and consumers tell of them: what goes in, what comes out, how long it waits. */
export function Queues(): ReactNode {
  const { search, setSearch } = useAddress();
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
        text="Producer and consumer spans with messaging.destination.name are shown here as queues."
        action={<Button onClick={() => go('/data')}>Send data</Button>}
      />
    );
  const opened = data.queues.find(({ queue }) => queue === search['call']);
  const step = (by: number): (() => void) | undefined => {
    const next = opened && data.queues[data.queues.indexOf(opened) + by];
    return next && (() => setSearch({ call: next.queue }));
  };
  return (
    <>
      <section className="panel">
        <ScrollX label="Table of queues">
          <table className="table stacks figures-table">
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
                <tr
                  key={row.queue}
                  className="can-open"
                  data-open={row === opened ? '' : undefined}
                  onClick={() => setSearch({ call: row.queue }, { push: true })}
                >
                  <td>
                    <button type="button" className="plain-link">
                      {row.queue}
                    </button>
                  </td>
                  <td data-title="From">
                    {row.producers.map((service) => (
                      <ServiceLink key={service} service={service} />
                    ))}
                  </td>
                  <td data-title="To">
                    {row.consumers.map((service) => (
                      <ServiceLink key={service} service={service} />
                    ))}
                  </td>
                  <NumberCell title="Produced">{formatCount(row.produced)}</NumberCell>
                  <NumberCell title="Consumed">{formatCount(row.consumed)}</NumberCell>
                  <NumberCell title="Errors">
                    <Failures share={row.errors / Math.max(1, row.produced + row.consumed)} />
                  </NumberCell>
                  <NumberCell
                    title="Wait"
                    tip={
                      row.lagMs === null
                        ? 'Known where a consumer is a child of the producer or links to it'
                        : undefined
                    }
                  >
                    {row.lagMs === null ? '–' : formatDuration(row.lagMs)}
                  </NumberCell>
                  <NumberCell title="Publish p95">
                    {row.produced === 0 ? '–' : formatDuration(row.publishP95Ms)}
                  </NumberCell>
                  <NumberCell title="Process p95">
                    {row.consumed === 0 ? '–' : formatDuration(row.processP95Ms)}
                  </NumberCell>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      </section>
      {data.cut && (
        <p className="muted" role="status">
          Only the busiest {data.queues.length} queues are shown; narrow the scope to see others.
        </p>
      )}
      {opened && (
        <Drawer
          title={<span className="code">{opened.queue}</span>}
          label={`Queue ${opened.queue}`}
          onClose={() => setSearch({ call: '' })}
          onNext={step(1)}
          onPrevious={step(-1)}
        >
          <CallView
            id={opened.queue}
            what={{ call: 'queue', peer: opened.queue, statement: '' }}
            facts={
              <p className="muted">
                {formatCount(opened.produced)} produced, {formatCount(opened.consumed)} consumed,{' '}
                {formatCount(opened.errors)} failed; {waitText(opened.lagMs)}. What follows counts both ends.
              </p>
            }
          />
        </Drawer>
      )}
    </>
  );
}

const waitText = (lagMs: number | null): string =>
  lagMs === null ? 'the wait is not known' : `a message waited ${formatDuration(lagMs)} on average`;

function ServiceLink({ service }: { service: string }): ReactNode {
  return (
    <Go
      to="/traces"
      search={{ service, view: '' }}
      className="service-link"
      // The row would open beneath.
      onClick={(event) => event.stopPropagation()}
    >
      {service}
    </Go>
  );
}

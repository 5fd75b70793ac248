import { listServices } from '@sightline/contract';
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatCount, formatDuration, formatShare } from '../../charts/number-format.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { NumberCell } from '../../components/number-cell.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { useScope } from '../../data/scope.ts';
import { Go, useGo } from '../../shell/go.tsx';

type Column = 'service' | 'requestsPerMin' | 'errorRate' | 'p50Ms' | 'p95Ms' | 'p99Ms';

const columns: readonly { readonly name: Column; readonly title: string }[] = [
  { name: 'service', title: 'Service' },
  { name: 'requestsPerMin', title: 'Requests/min' },
  { name: 'errorRate', title: 'Errors' },
  { name: 'p50Ms', title: 'p50' },
  { name: 'p95Ms', title: 'p95' },
  { name: 'p99Ms', title: 'p99' },
];
const busiest: Column = 'requestsPerMin';
/** From this share of failed requests on, the figure carries a state's colour. */
const noticeable = 0.01;

/** Rate, errors and duration of every service in the scope, the busiest first. */
export function ServiceTable(): ReactNode {
  const { query } = useScope();
  const go = useGo();
  const { search, setSearch } = useAddress();
  const sort = columns.find(({ name }) => name === search['sort'])?.name ?? busiest;
  const { data, error, isPending, refetch } = useAsk(listServices, { query });
  if (isPending) return <SkeletonRows rows={12} height={32} />;
  if (data === undefined) return error === null ? null : <ErrorState error={error} again={() => void refetch()} />;
  if (data.services.length === 0) {
    return (
      <EmptyState
        compact
        title="No service answered requests"
        text="Services appear here as soon as their server spans arrive."
        action={<Button onClick={() => go('/data')}>Send data</Button>}
      />
    );
  }
  const services = data.services.toSorted((a, b) =>
    sort === 'service' ? a.service.localeCompare(b.service) : b[sort] - a[sort],
  );
  return (
    <div className="scroll-x panel" role="region" aria-label="Table of services" tabIndex={0}>
      <table className="table stacks service-table">
        <thead>
          <tr>
            {columns.map(({ name, title }) => (
              <th
                key={name}
                className={name === 'service' ? '' : 'number'}
                aria-sort={sort === name ? (name === 'service' ? 'ascending' : 'descending') : undefined}
              >
                <button
                  type="button"
                  className="sort-button"
                  onClick={() => setSearch({ sort: name === busiest ? '' : name })}
                >
                  {title}
                  {sort === name && (name === 'service' ? ' ↑' : ' ↓')}
                </button>
              </th>
            ))}
            <th>Requests</th>
            <th>Failures</th>
            <th className="number">Sites</th>
          </tr>
        </thead>
        <tbody>
          {services.map((row) => (
            <tr key={row.service}>
              <td>
                <Go to="/traces" search={{ service: row.service, view: '' }}>
                  {row.service || '(unnamed)'}
                </Go>
              </td>
              <NumberCell title="Requests/min">{formatCount(row.requestsPerMin)}</NumberCell>
              <NumberCell title="Errors" tone={row.errorRate >= noticeable ? 'bad' : undefined}>
                <span className="toned">
                  {row.errorRate >= noticeable ? '▲ ' : ''}
                  {formatShare(row.errorRate)}
                </span>
              </NumberCell>
              <NumberCell title="p50">{formatDuration(row.p50Ms)}</NumberCell>
              <NumberCell title="p95">{formatDuration(row.p95Ms)}</NumberCell>
              <NumberCell title="p99">{formatDuration(row.p99Ms)}</NumberCell>
              <td data-title="Requests">
                <Sparkline points={row.rate} label={`Requests of ${row.service}`} kind="bars" />
              </td>
              <td data-title="Failures">
                <Sparkline points={row.errors} label={`Failures of ${row.service}`} kind="bars" tone="bad" />
              </td>
              <NumberCell title="Sites">{row.sites}</NumberCell>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

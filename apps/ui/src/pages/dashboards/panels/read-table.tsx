import { fleet, listIncidents, listServices } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount, formatDuration, formatShare } from '../../../charts/number-format.ts';
import { ErrorState } from '../../../components/error-state.tsx';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import { StateBadge } from '../../../components/state-badge.tsx';
import { TimeText } from '../../../components/time-text.tsx';
import { useAsk } from '../../../data/ask.ts';
import { Go } from '../../../shell/go.tsx';
import type { PanelProps } from '../panel-props.ts';

interface Line {
  readonly key: string;
  readonly cells: readonly ReactNode[];
}

/** What Sightline knows without a query, as a table. */
export function ReadTable({
  read,
  scope,
  label,
}: PanelProps & { read: 'sites' | 'services' | 'incidents' }): ReactNode {
  const minute = 60_000;
  const rounded = {
    ...scope,
    from: Math.floor(scope.from / minute) * minute,
    to: Math.ceil(scope.to / minute) * minute,
  };
  const sites = useAsk(
    fleet,
    { query: { environment: scope.environment } },
    { when: read === 'sites', everyMs: 30_000 },
  );
  const services = useAsk(listServices, { query: rounded }, { when: read === 'services' });
  const incidents = useAsk(
    listIncidents,
    { query: { site: scope.site, limit: 50 } },
    { when: read === 'incidents', everyMs: 15_000 },
  );
  const asked = { sites, services, incidents }[read];
  if (asked.data === undefined)
    return asked.error === null ? (
      <SkeletonRows rows={6} />
    ) : (
      <ErrorState error={asked.error} again={() => void asked.refetch()} />
    );
  const lines: readonly Line[] = {
    sites: () =>
      (sites.data?.sites ?? [])
        .filter(({ code }) => scope.site === '' || code === scope.site)
        .map((site) => ({
          key: site.code,
          cells: [
            <Go key="go" to={`/sites/${encodeURIComponent(site.code)}`}>
              {site.code}
            </Go>,
            <StateBadge key="state" state={site.state} />,
            formatCount(site.requestsPerMin),
            formatShare(site.errorRate),
            formatDuration(site.p95Ms),
            formatCount(site.ordersToday),
          ],
        })),
    services: () =>
      (services.data?.services ?? []).map((service) => ({
        key: service.service,
        cells: [
          <Go key="go" to="/traces" search={{ service: service.service }}>
            {service.service}
          </Go>,
          formatCount(service.requestsPerMin),
          formatShare(service.errorRate),
          formatDuration(service.p95Ms),
        ],
      })),
    incidents: () =>
      (incidents.data?.incidents ?? []).map((incident) => ({
        key: String(incident.number),
        cells: [
          <Go key="go" to={`/incidents/${incident.number}`}>
            #{incident.number} {incident.title}
          </Go>,
          incident.severity,
          incident.status,
          <TimeText key="at" at={incident.openedAt} show="relative" />,
        ],
      })),
  }[read]();
  if (lines.length === 0)
    return <p className="panel-none">{read === 'incidents' ? 'No incident is open' : 'Nothing in this range'}</p>;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- who has no pointer scrolls it with the arrow keys
    <div className="panel-scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="table one-line">
        <thead>
          <tr>
            {heads[read].map((head) => (
              <th key={head}>{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.slice(0, 200).map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, index) => (
                <td key={heads[read][index]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const heads = {
  sites: ['Site', 'State', 'Requests/min', 'Failed', '95 %', 'Orders today'],
  services: ['Service', 'Requests/min', 'Failed', '95 %'],
  incidents: ['Incident', 'Severity', 'State', 'Opened'],
} as const;

import { fleet, listIncidents, listServices, type PanelRead } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount, formatDuration, formatShare } from '../../../charts/number-format.ts';
import { StateBadge } from '../../../components/state-badge.tsx';
import { TimeText } from '../../../components/time-text.tsx';
import { useAsk } from '../../../data/ask.ts';
import { Go } from '../../../shell/go.tsx';
import type { PanelProps } from '../panel-props.ts';
import { LinesTable, NoLinesYet, wholeMinutes, type Line } from './lines-table.tsx';
import { AuditTable, PersonalDataHits, SiteFindings } from './security-table.tsx';

/** What Sightline knows without a query, as a table. */
export function ReadTable({ read, ...props }: PanelProps & { read: PanelRead }): ReactNode {
  switch (read) {
    case 'sites':
    case 'services':
    case 'incidents':
      return <Known read={read} {...props} />;
    case 'site-findings':
      return <SiteFindings {...props} />;
    case 'personal-data':
      return <PersonalDataHits {...props} />;
    default:
      return <AuditTable read={read} {...props} />;
  }
}

function Known({ read, scope, label }: PanelProps & { read: 'sites' | 'services' | 'incidents' }): ReactNode {
  const sites = useAsk(
    fleet,
    { query: { environment: scope.environment } },
    { when: read === 'sites', everyMs: 30_000 },
  );
  const services = useAsk(listServices, { query: { ...scope, ...wholeMinutes(scope) } }, { when: read === 'services' });
  const incidents = useAsk(
    listIncidents,
    { query: { site: scope.site, limit: 50 } },
    { when: read === 'incidents', everyMs: 15_000 },
  );
  const asked = { sites, services, incidents }[read];
  if (asked.data === undefined) return <NoLinesYet asked={asked} />;
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
  return (
    <LinesTable
      label={label}
      heads={heads[read].map((title) => ({ title }))}
      lines={lines}
      none={read === 'incidents' ? 'No incident is open' : 'Nothing in this range'}
    />
  );
}

const heads = {
  sites: ['Site', 'State', 'Requests/min', 'Failed', '95 %', 'Orders today'],
  services: ['Service', 'Requests/min', 'Failed', '95 %'],
  incidents: ['Incident', 'Severity', 'State', 'Opened'],
} as const;

import type { IncidentFinding } from '@sightline/contract';
import type { ReactNode } from 'react';
import { ScrollX } from '../../components/scroll-x.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { Go } from '../../shell/go.tsx';
import { IncidentSeverityBadge } from './incident-severity.tsx';
import { heldText, lastingText } from './words.ts';

/** What fires, and what did. */
export function IncidentFindings({ findings }: { findings: readonly IncidentFinding[] }): ReactNode {
  if (findings.length === 0) return null;
  const firing = findings.filter(({ state }) => state === 'firing').length;
  return (
    <section aria-label="Findings">
      <h2>
        Findings{' '}
        <small className="muted">
          {firing} of {findings.length} fire
        </small>
      </h2>
      <ScrollX label="Table of findings">
        <table className="table stacks">
          <thead>
            <tr>
              <th>State</th>
              <th>What</th>
              <th>Where</th>
              <th>Since</th>
              <th>Found by</th>
            </tr>
          </thead>
          <tbody>
            {findings.map((finding) => (
              <tr key={`${finding.key}${finding.since}`}>
                <td>
                  {finding.state === 'firing' ? (
                    <IncidentSeverityBadge severity={finding.severity} />
                  ) : (
                    <ToneBadge tone="good">ended</ToneBadge>
                  )}
                </td>
                <td className="finding-what row-name">
                  {finding.link.startsWith('/') ? <a href={finding.link}>{finding.title}</a> : finding.title}
                  <div className="muted">
                    {finding.summary}
                    {finding.suppressedBy !== '' && ` (${heldText(finding.suppressedBy)})`}
                  </div>
                </td>
                <td data-title="Where">
                  {finding.site === '' ? '–' : <Go to={`/sites/${finding.site}`}>{finding.site}</Go>}
                </td>
                <td data-title="Since">
                  <TimeText at={finding.since} show="relative" />
                  {finding.resolvedAt !== null && (
                    <div className="muted">for {lastingText(finding.resolvedAt - finding.since)}</div>
                  )}
                </td>
                <td data-title="Found by">
                  <Source finding={finding} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}

function Source({ finding: { source, sourceId } }: { finding: IncidentFinding }): ReactNode {
  if (source === 'rule') return <Go to={`/rules/${encodeURIComponent(sourceId)}`}>rule</Go>;
  if (source === 'monitor') {
    return (
      <Go to="/monitors" search={{ monitor: sourceId }}>
        monitor
      </Go>
    );
  }
  return source === 'link' ? 'link watch' : sourceId;
}

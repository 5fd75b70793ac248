import { IconArrowDown } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { compactNumber, percent } from '../../components/number-text.ts';
import { StateShape, toneOf } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { Go } from '../../shell/go.tsx';
import type { SiteDetail } from './site-page.tsx';
import { byTier, tierTitles } from './tiers.ts';

/** Terminal → gateway → services → database, each with its state and last number. A press shows its logs. */
export function SiteDiagram({ detail }: { detail: SiteDetail }): ReactNode {
  const tiers = byTier(detail.services);
  const machinesOf = (service: string): string =>
    detail.devices
      .filter((d) => d.services.includes(service))
      .map((d) => d.device)
      .join(', ');
  return (
    <div className="diagram">
      {tiers.length === 0 && <p className="muted">No service has reported from here in this range.</p>}
      {tiers.map(({ tier, services }, i) => (
        <div key={tier}>
          {i > 0 && (
            <div className="diagram-arrow" aria-hidden>
              <IconArrowDown size={16} />
            </div>
          )}
          <h3>{tierTitles[tier]}</h3>
          <div className="diagram-tier">
            {services.map((s) => (
              <Go
                key={`${s.service} ${s.environment}`}
                to="/logs"
                search={{ site: detail.site.code, service: s.service }}
                className="node"
                data-tone={s.state === 'late' ? 'idle' : toneOf(s.state)}
                data-state={s.state}
                title={`${s.service}: ${stateWord(s.state)}. Press for its logs.`}
              >
                <span className="row">
                  <StateShape state={s.state} tone={s.state === 'late' ? 'idle' : undefined} />
                  <strong>{s.service}</strong>
                  {s.state !== 'healthy' && <span className="node-state">{stateWord(s.state)}</span>}
                  {s.state === 'late' && s.lastSeenAt !== null && (
                    <span className="muted">
                      <TimeText at={s.lastSeenAt} show="relative" />
                    </span>
                  )}
                </span>
                {s.requestsPerMin === 0 ? (
                  <span className="node-numbers">no requests in the last 5 min</span>
                ) : (
                  <span className="node-numbers">
                    <span>{compactNumber(s.requestsPerMin)}/min</span>
                    <span>p95 {compactNumber(s.p95Ms, 0)} ms</span>
                    <span data-high={s.errorRate > 0.05 ? '' : undefined}>{percent(s.errorRate)} failing</span>
                  </span>
                )}
                <span className="node-machines">{machinesOf(s.service)}</span>
              </Go>
            ))}
          </div>
        </div>
      ))}
      <Devices detail={detail} />
    </div>
  );
}

/** A service that nobody asked anything for minutes is quiet, not at fault; the store's own state tells silence. */
function stateWord(state: SiteDetail['services'][number]['state']): string {
  return state === 'late' ? 'quiet' : state;
}

function Devices({ detail }: { detail: SiteDetail }): ReactNode {
  if (detail.devices.length === 0) return null;
  return (
    <details className="devices">
      <summary>Devices</summary>
      <table className="table">
        <tbody>
          {detail.devices.map((d) => (
            <tr key={d.device}>
              <td>
                <strong>{d.device}</strong>
              </td>
              <td className="muted">{d.services.join(', ')}</td>
              <td className="number">
                <TimeText at={d.lastSeenAt} show="relative" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

import type { checkNow } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatDuration } from '../../charts/number-format.ts';
import { ToneBadge } from '../../components/state-badge.tsx';
import type { Reply } from '../../data/call.ts';

const names: Readonly<Record<string, string>> = {
  dnsMs: 'name found',
  connectMs: 'connected',
  tlsMs: 'TLS agreed',
  firstByteMs: 'first byte',
  bodyMs: 'body read',
  status: 'status',
  tlsDaysLeft: 'certificate ends in',
  redirects: 'redirects',
  address: 'ended at',
};

/** What one try found, with the way it took. */
export function CheckResult({ result }: { result: Reply<typeof checkNow> }): ReactNode {
  return (
    <div className="check-result" role="status" data-tone={result.up ? 'good' : 'bad'}>
      <div className="row">
        <ToneBadge tone={result.up ? 'good' : 'bad'}>{result.up ? 'up' : 'down'}</ToneBadge>
        <span className="grow">{result.message}</span>
        <span className="muted">{formatDuration(result.durationMs)}</span>
      </div>
      <dl className="facts">
        {Object.entries(result.details).map(([name, value]) => (
          <div key={name}>
            <dt>{names[name] ?? name}</dt>
            <dd>{valueText(name, value)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function valueText(name: string, value: string | number): string {
  if (name.endsWith('Ms')) return `after ${formatDuration(Number(value))}`;
  return name === 'tlsDaysLeft' ? `${value} days` : String(value);
}

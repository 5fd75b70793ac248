import type { Agent } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatBytes } from '../charts/number-format.ts';
import { counted } from './number-text.ts';
import { ToneBadge } from './state-badge.tsx';
import { longText } from './time-format.ts';
import { TimeText } from './time-text.tsx';

/** State of an agent's link, and since when. */
export function LinkBadge({ agent }: { agent: Agent }): ReactNode {
  if (agent.link === 'never') return <ToneBadge tone="idle">never connected</ToneBadge>;
  return (
    <ToneBadge tone={agent.link === 'up' ? 'good' : 'bad'}>
      {agent.link === 'up' ? 'connected' : 'link lost'} <TimeText at={agent.linkSince} show="relative" />
    </ToneBadge>
  );
}

/** From this on a site's clock is worth a word, ms; records are corrected from here. */
const skewWorthMs = 2000;

/** How far the site's clock is off; nothing while it is right. */
export function SkewText({ agent }: { agent: Agent }): ReactNode {
  const skew = agent.clockSkewMs ?? 0;
  if (Math.abs(skew) < skewWorthMs) return null;
  return (
    <ToneBadge tone="warn">{`its clock is ${longText(Math.abs(skew))} ${skew > 0 ? 'ahead' : 'behind'}`}</ToneBadge>
  );
}

/** What waits in the agent's spool and what it had to drop. */
export function SpoolText({ agent }: { agent: Agent }): ReactNode {
  const spool = agent.spool;
  if (spool === null) return null;
  const dropped = Object.values(spool.dropped).reduce((sum, count) => sum + count, 0);
  return (
    <span>
      {spool.waitingRecords === 0
        ? 'nothing waits'
        : `${counted(spool.waitingRecords, 'record')} ${spool.waitingRecords === 1 ? 'waits' : 'wait'} (${formatBytes(spool.waitingBytes)})`}
      {spool.oldestAt !== null && spool.waitingRecords > 0 && (
        <>
          , the oldest from <TimeText at={spool.oldestAt - (agent.clockSkewMs ?? 0)} show="relative" />
        </>
      )}
      {dropped > 0 && <ToneBadge tone="warn">{`${counted(dropped, 'record')} dropped`}</ToneBadge>}
    </span>
  );
}

import { countOpenIncidents } from '@sightline/contract';
import type { ReactNode } from 'react';
import { useAsk } from '../../data/ask.ts';
import './badge.css';

const everyMs = 10_000;

/** How many incidents are open: red while nobody has acknowledged one of them. Nothing when there are none. */
export function OpenBadge(): ReactNode {
  const { data } = useAsk(countOpenIncidents, {}, { everyMs });
  if (data === undefined || data.all === 0) return null;
  const words = `${data.all} open, ${data.unacknowledged} not acknowledged`;
  return (
    <span className="door-badge" data-tone={data.unacknowledged > 0 ? 'bad' : 'warn'} title={words}>
      <span aria-hidden>{data.all > 99 ? '99+' : data.all}</span>
      <span className="only-read-aloud">: {words}</span>
    </span>
  );
}

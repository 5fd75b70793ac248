import { countOpenIncidents } from '@sightline/contract';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { counted } from '../../components/number-text.ts';
import { useAsk } from '../../data/ask.ts';
import { Go } from '../../shell/go.tsx';
import './badge.css';

/** On every page while incidents are open of which nobody could be told. */
export function NobodyTold(): ReactNode {
  const { data } = useAsk(countOpenIncidents, {}, { everyMs: 10_000 });
  if (data === undefined || data.unreachable === 0) return null;
  return (
    <div className="notice" data-tone="bad" role="alert">
      <IconAlertTriangle size={16} aria-hidden />
      <p>
        Nobody could be told of {counted(data.unreachable, 'open incident')}
        {data.canTell ? ' yet; it is tried again by itself.' : ': there is no channel to tell anybody through.'}
      </p>
      <Go to="/incidents">Show {data.unreachable === 1 ? 'it' : 'them'}</Go>
      <Go to="/alerting">{data.canTell ? 'Look at the channels' : 'Add a channel'}</Go>
    </div>
  );
}

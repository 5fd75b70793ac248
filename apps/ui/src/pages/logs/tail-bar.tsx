import { Button } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay, IconRefresh } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { mostTailRows } from './tail-buffer.ts';
import type { Tail } from './use-tail.ts';

interface TailBarProps {
  readonly tail: Tail;
  readonly paused: boolean;
  /** The reader searches in the lines: they stand still. */
  readonly finding: boolean;
  readonly onPause: () => void;
  readonly onFind: () => void;
}

/** How the tail stands, what went wrong with it, and what it leaves out. */
export function TailBar({ tail, paused, finding, onPause, onFind }: TailBarProps): ReactNode {
  const words = {
    connecting: 'Connecting',
    open: paused ? 'Paused' : finding ? 'Held while you search the lines' : 'Following',
    lost: `Trying again in ${formatDuration(tail.retryInMs)}`,
    ended: 'Not following',
  };
  return (
    <div className="tail-bar">
      <span role="status">{words[tail.state]}</span>
      {tail.state === 'ended' ? (
        <Button variant="default" leftSection={<IconRefresh size={14} />} onClick={tail.again}>
          Follow again
        </Button>
      ) : (
        <Button
          variant="default"
          leftSection={paused ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
          onClick={() => {
            if (paused) tail.catchUp();
            onPause();
          }}
        >
          {paused ? 'Resume' : 'Pause'}
        </Button>
      )}
      <button
        type="button"
        className="plain-button"
        title="In the lines that are held (Ctrl F)"
        aria-pressed={finding}
        onClick={onFind}
      >
        Find
      </button>
      {/* One that has a place in the search stands below that. */}
      {tail.fault !== null && tail.fault.position === undefined && tail.state !== 'open' && (
        <span className="tail-fault" role="alert">
          {tail.fault.title}. {tail.fault.detail}
        </span>
      )}
      {tail.hasGap && tail.state === 'open' && (
        <span className="tail-dropped">The connection was lost for a while: lines of that time are in the search.</span>
      )}
      {tail.dropped > 0 && (
        <span className="tail-dropped">
          {formatCount(tail.dropped)} lines were left out: they came faster than they could be sent. Narrow the search
          to see all.
        </span>
      )}
      {tail.shown.length >= mostTailRows && (
        <span className="muted">
          The newest {formatCount(mostTailRows)} lines are held; older ones are in the search.
        </span>
      )}
    </div>
  );
}

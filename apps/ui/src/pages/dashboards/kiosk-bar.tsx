import { ActionIcon, Button } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconPlayerPause, IconPlayerPlay, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Kiosk } from './kiosk.ts';

/** Where the rotation stands, and what moves it: by mouse, finger or key. */
export function KioskBar({ kiosk }: { kiosk: Kiosk }): ReactNode {
  const { rotateS, position, total, paused, leftS, missing, next } = kiosk;
  return (
    <div className="row kiosk-bar" role="group" aria-label="Full screen">
      {rotateS > 0 && total > 1 && (
        <>
          <ActionIcon variant="default" aria-label="Dashboard before (←)" onClick={() => kiosk.step(-1)}>
            <IconChevronLeft size={14} aria-hidden />
          </ActionIcon>
          <span className="kiosk-place">
            <span role="status">{position === 0 ? `${total} in turn` : `${position} of ${total}`}</span>
            <span className="muted">{paused ? ' · paused' : ` · next in ${leftS} s`}</span>
          </span>
          <ActionIcon variant="default" aria-label="Next dashboard (→)" onClick={() => kiosk.step(1)}>
            <IconChevronRight size={14} aria-hidden />
          </ActionIcon>
          <ActionIcon
            variant="default"
            aria-label={paused ? 'Go on (space)' : 'Pause (space)'}
            aria-pressed={paused}
            onClick={kiosk.pause}
          >
            {paused ? <IconPlayerPlay size={14} aria-hidden /> : <IconPlayerPause size={14} aria-hidden />}
          </ActionIcon>
        </>
      )}
      {rotateS > 0 && next === undefined && total <= 1 && (
        <span className="muted">Nothing to go on to: choose several under Dashboards, Wall.</span>
      )}
      {missing.length > 0 && (
        <span className="muted" role="status">
          {missing.length === 1 ? 'One dashboard of this wall is' : `${missing.length} dashboards of this wall are`}{' '}
          gone: {missing.slice(0, 3).join(', ')}. Make the wall anew under Dashboards, Wall.
        </span>
      )}
      <Button variant="subtle" leftSection={<IconX size={14} aria-hidden />} onClick={kiosk.leave}>
        Leave
      </Button>
    </div>
  );
}

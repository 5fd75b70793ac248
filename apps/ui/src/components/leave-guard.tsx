import { Button, Modal } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/**
 * Asks before another page is opened, or the tab is closed, while something is not saved. `mayLeave` is read at the moment of leaving, so that what was just
 * saved or discarded does not ask.
 */
export function LeaveGuard({ mayLeave, what }: { mayLeave: () => boolean; what: string }): ReactNode {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && !mayLeave(),
    // Closing the tab or another address: the browser asks in its own words.
    enableBeforeUnload: () => !mayLeave(),
    withResolver: true,
  });
  const stay = (): void => blocker.reset?.();
  return (
    <Modal
      opened={blocker.status === 'blocked'}
      onClose={stay}
      title="Leave without saving?"
      centered
      size={420}
      withCloseButton={false}
    >
      <p>What was changed on {what} is not saved and is lost with the page.</p>
      <div className="row" style={{ justifyContent: 'flex-end', marginTop: 16 }}>
        <Button variant="default" data-autofocus onClick={stay}>
          Stay
        </Button>
        <Button color="var(--harm-fill)" onClick={() => blocker.proceed?.()}>
          Leave
        </Button>
      </div>
    </Modal>
  );
}

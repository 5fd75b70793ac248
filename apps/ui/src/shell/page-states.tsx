import { Button } from '@mantine/core';
import type { ErrorComponentProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { EmptyState } from '../components/empty-state.tsx';
import { SkeletonRows } from '../components/skeleton.tsx';

/** While a page's chunk loads. */
export function PageLoading(): ReactNode {
  return (
    <div className="page" aria-busy="true">
      <SkeletonRows rows={12} />
    </div>
  );
}

/** A page that broke, or whose chunk is gone because the server was updated. */
export function PageFault({ error }: ErrorComponentProps): ReactNode {
  const said = error instanceof Error ? error.message : String(error);
  const stale = /dynamically imported module|module script/i.test(said);
  return (
    <div className="page">
      <EmptyState
        title={stale ? 'Sightline was updated' : 'This page stopped'}
        text={
          stale
            ? 'The page you asked for belongs to the new version. Reload to get it; the address keeps where you were.'
            : `${said}. Nothing was changed on the server. Reload to start the page again.`
        }
        action={<Button onClick={() => window.location.reload()}>Reload</Button>}
      />
    </div>
  );
}

/** An address that leads nowhere. */
export function UnknownPage(): ReactNode {
  return (
    <div className="page">
      <EmptyState
        title="There is no page here"
        text="The address may be mistyped, or from a version that had more."
        action={
          <Button component="a" href="/">
            Go to Fleet
          </Button>
        }
      />
    </div>
  );
}

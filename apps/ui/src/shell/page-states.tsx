import { Button } from '@mantine/core';
import { setupState } from '@sightline/contract';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { useEffect, useRef, type ReactNode } from 'react';
import { EmptyState } from '../components/empty-state.tsx';
import { SkeletonRows } from '../components/skeleton.tsx';
import { call } from '../data/call.ts';
import { useLostSince } from '../data/reach.ts';

/** While a page's chunk loads. */
export function PageLoading(): ReactNode {
  return (
    <div className="page" aria-busy="true">
      <SkeletonRows rows={12} />
    </div>
  );
}

/** The code of a page did not come. */
export class PageNotLoadedError extends Error {
  constructor(options: ErrorOptions) {
    super('The code of the page did not come', options);
  }
}

/** A page that broke, or whose code is not to be had: the server is away, or was updated. */
export function PageFault({ error }: ErrorComponentProps): ReactNode {
  const said = error instanceof Error ? error.message : String(error);
  if (error instanceof PageNotLoadedError || /dynamically imported module|module script|preload CSS/i.test(said))
    return <PageNotLoaded />;
  return (
    <div className="page">
      <EmptyState
        title="This page stopped"
        text={`${said}. Nothing was changed on the server. Reload to start the page again.`}
        action={<Button onClick={reload}>Reload</Button>}
      />
    </div>
  );
}

const reload = (): void => window.location.reload();
const reloadedAt = 'sightline-reloaded-at';
/** Who was loaded anew for an update and still lacks a page is not loaded anew for ever. */
const onceInMs = 60_000;

function reloadOnce(): void {
  const last = Number(sessionStorage.getItem(reloadedAt) ?? 0);
  if (Date.now() - last < onceInMs) return;
  sessionStorage.setItem(reloadedAt, String(Date.now()));
  reload();
}

/** Asks whether the server is there: it was updated then, and the page is loaded anew; else that is done as soon as it answers. */
function PageNotLoaded(): ReactNode {
  const away = useLostSince() !== undefined;
  const wasAway = useRef(false);
  useEffect(() => {
    // Whoever does not answer is told to be lost by the call itself.
    call(setupState, {}).then(reloadOnce, () => undefined);
  }, []);
  useEffect(() => {
    if (wasAway.current && !away) reload();
    wasAway.current = away;
  }, [away]);
  return (
    <div className="page">
      <EmptyState
        title={away ? 'This page is not loaded yet' : 'Sightline was updated'}
        text={
          away
            ? 'The server does not answer. The page opens by itself as soon as it does; the address keeps where you wanted to go.'
            : 'The page you asked for belongs to the new version. Reload to get it; the address keeps where you were.'
        }
        action={<Button onClick={reload}>Reload</Button>}
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

import { setupState } from '@sightline/contract';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState, type ComponentType, type ReactNode } from 'react';
import { ErrorState } from '../components/error-state.tsx';
import { AnchorProvider } from '../data/anchor.tsx';
import { parseSearch } from '../data/address.ts';
import { useAsk } from '../data/ask.ts';
import { readScope } from '../data/scope.ts';
import { MeProvider, useSession } from '../data/session.tsx';
import { copyText } from '../components/copy.ts';
import { allPages } from '../pages/all.ts';
import { useGo } from './go.tsx';
import { useKeys } from './keys.ts';
import { OutOfReach } from './out-of-reach.tsx';
import { openPalette } from './palette-door.ts';
import { BottomBar, Rail } from './rail.tsx';
import { useTheme } from './theme-switch.ts';
import { TopBar } from './top-bar.tsx';
import { useScrollPlaces } from './use-scroll-places.ts';
import './shell.css';

const KeysList = lazy(async () => import('./keys-list.tsx'));

/** What stands around every page: rail, top bar, palette, keys. Nobody signed in: the way to the sign-in page. */
export function Shell(): ReactNode {
  const { me, error, again } = useSession();
  const location = useRouterState({ select: (s) => s.location });
  if (me === null) return <WayIn wanted={location.href} />;
  if (me === undefined) return error === null ? <Waiting /> : <Unreachable error={error} again={again} />;
  const live = readScope(parseSearch(location.searchStr)).live;
  return (
    <MeProvider me={me}>
      <AnchorProvider live={live}>
        <Frame path={location.pathname} />
      </AnchorProvider>
    </MeProvider>
  );
}

const notices = allPages.flatMap(({ path, notice }) => (notice === undefined ? [] : [{ path, notice }]));

function Frame({ path }: { path: string }): ReactNode {
  const [keysShown, setKeysShown] = useState(false);
  const go = useGo();
  const { toggle } = useTheme();
  useScrollPlaces();
  useKeys([
    { keys: 'mod+k', title: 'Find anything', run: openPalette, inFields: true },
    { keys: '?', title: 'Show the keys', run: () => setKeysShown(true) },
    { keys: '/', title: 'Search on this page', run: focusSearch },
    { keys: 'y', title: 'Copy a link to what you see', run: () => void copyText(window.location.href, 'Link') },
    { keys: 'alt+t', title: 'Dark or light', run: toggle },
    ...allPages
      .filter((p) => p.letter !== undefined)
      .map((p) => ({ keys: `g ${p.letter}`, title: `Go to ${p.title}`, run: () => go(p.path) })),
  ]);
  return (
    <div className="frame">
      <a className="skip" href="#content">
        Skip to the page
      </a>
      <Rail path={path} />
      <TopBar />
      <main id="content" className="content" tabIndex={-1}>
        <OutOfReach />
        {notices.map(({ path: from, notice: Notice }) => (
          <Notice key={from} />
        ))}
        <Outlet />
      </main>
      <BottomBar path={path} />
      <Palette />
      <Suspense fallback={null}>{keysShown && <KeysList onClose={() => setKeysShown(false)} />}</Suspense>
    </div>
  );
}

/**
 * The palette, once its code is there. Not by `Suspense`: React shows what waits no sooner than 300 ms after a placeholder, even an empty one, and
 * with it the page that came meanwhile.
 */
function Palette(): ReactNode {
  const [Loaded, setLoaded] = useState<ComponentType>();
  useEffect(() => {
    import('./palette.tsx').then(
      (code) => setLoaded(() => code.default),
      () => undefined,
    );
  }, []);
  return Loaded && <Loaded />;
}

function focusSearch(): void {
  document.querySelector<HTMLElement>('[data-page-search]')?.focus();
}

/** To set-up on a fresh installation, else to sign in and back to where the person wanted to go. */
function WayIn({ wanted }: { wanted: string }): ReactNode {
  const state = useAsk(setupState);
  const needed = state.data?.needed;
  useEffect(() => {
    if (needed === undefined && state.error === null) return;
    const back = wanted === '/' ? '' : `?next=${encodeURIComponent(wanted)}`;
    window.location.replace(needed === true ? '/setup' : `/sign-in${back}`);
  }, [needed, state.error, wanted]);
  return <Waiting />;
}

function Waiting(): ReactNode {
  return (
    <div className="frame" aria-busy="true">
      <div className="rail" />
      <div className="top-bar" />
      <div className="content" />
    </div>
  );
}

function Unreachable(props: Parameters<typeof ErrorState>[0]): ReactNode {
  return <ErrorState {...props} kept="Stores keep sending meanwhile; nothing is lost while the page is away." />;
}

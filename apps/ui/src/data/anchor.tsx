import { useRouter } from '@tanstack/react-router';
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';

interface Anchor {
  /** What "now" is for relative ranges: one moment for all parts of a page, so that they show the same window. */
  readonly nowMs: number;
  readonly refresh: () => void;
}

const AnchorContext = createContext<Anchor>({ nowMs: 0, refresh: () => {} });
const liveEveryMs = 5_000;
const staleMs = 15_000;

/** Holds the page's "now". It moves on `refresh`, every 5 s while `live` (and the tab is seen), and on a new page. */
export function AnchorProvider({ live, children }: { live: boolean; children: ReactNode }): ReactNode {
  const router = useRouter();
  const [nowMs, setNowMs] = useState(() => Date.now());
  const refresh = useCallback(() => setNowMs(Date.now()), []);
  useEffect(
    () =>
      router.subscribe('onBeforeLoad', ({ pathChanged }) => {
        if (pathChanged) setNowMs((kept) => (Date.now() - kept > staleMs ? Date.now() : kept));
      }),
    [router],
  );
  useEffect(() => {
    if (!live) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') refresh();
    }, liveEveryMs);
    return () => clearInterval(timer);
  }, [live, refresh]);
  const value = useMemo(() => ({ nowMs, refresh }), [nowMs, refresh]);
  return <AnchorContext value={value}>{children}</AnchorContext>;
}

/** The page's "now", and how to move it to this moment. */
export function useAnchor(): Anchor {
  return useContext(AnchorContext);
}

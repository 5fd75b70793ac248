import { setupState } from '@sightline/contract';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { hourAndMinute } from '../components/time-format.ts';
import { call } from '../data/call.ts';
import { lostSince, tellLost, useLostSince } from '../data/reach.ts';

/** Asked again so often while nothing answers. */
const everyMs = 3000;

/**
 * Says on every page that the server does not answer, since when, and what that means for what is on it. Asks until it answers; then
 * all that is shown is asked for again. A single call that went astray says nothing.
 */
export function OutOfReach(): ReactNode {
  const lostAt = useLostSince();
  const [confirmed, setConfirmed] = useState(false);
  const client = useQueryClient();
  useEffect(() => {
    // A browser that knows it has no network lets questions wait instead of failing.
    const offline = (): void => tellLost(Date.now());
    window.addEventListener('offline', offline);
    return () => window.removeEventListener('offline', offline);
  }, []);
  useEffect(() => {
    if (lostAt === undefined) return undefined;
    const asking = new AbortController();
    let waiting = false;
    const ask = async (): Promise<void> => {
      if (waiting) return;
      waiting = true;
      try {
        await call(setupState, {}, asking.signal);
      } catch {
        if (!asking.signal.aborted && lostSince() !== undefined) setConfirmed(true);
      }
      waiting = false;
    };
    const timer = setInterval(() => void ask(), everyMs);
    return () => {
      clearInterval(timer);
      asking.abort();
      setConfirmed(false);
      void client.invalidateQueries();
    };
  }, [lostAt, client]);
  if (lostAt === undefined || !confirmed) return null;
  return (
    <div className="notice" data-tone="warn" role="alert">
      <IconPlugConnectedX size={16} aria-hidden />
      <p>
        The server has not answered since {hourAndMinute(lostAt)}. What you see is from before; what you typed stays. We
        keep trying.
      </p>
    </div>
  );
}

import { useEffect, useState, type ReactNode } from 'react';
import { leftText } from './words.ts';

/**
 * What is left until a moment of the server's clock, second by second. `skewMs` is how much the server's clock is ahead of
 * this one. Not read aloud each second: `label` says it once.
 */
export function Countdown({ at, skewMs, label }: { at: number; skewMs: number; label: string }): ReactNode {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <span className="countdown" role="timer" aria-label={label}>
      {leftText(at, now + skewMs)}
    </span>
  );
}

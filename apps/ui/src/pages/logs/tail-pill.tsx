import type { ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { mostTailRows } from './tail-buffer.ts';

/** Says how many lines came while the reader was elsewhere, and leads to them; nothing where none came. */
export function TailPill({
  unread,
  onCatchUp,
}: {
  readonly unread: number;
  readonly onCatchUp: () => void;
}): ReactNode {
  if (unread === 0) return null;
  return (
    <button type="button" className="tail-pill" onClick={onCatchUp}>
      {formatCount(unread)} new {unread === 1 ? 'line' : 'lines'}
      {unread > mostTailRows && ` (the newest ${formatCount(mostTailRows)} are held)`}
    </button>
  );
}

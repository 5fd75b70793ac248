import type { ReactNode } from 'react';
import { watchSides } from './hidden-sides.ts';

/**
 * A part wider than its place: it scrolls sideways, by keys as well, and fades where it goes on. `label` names it; `className` in place
 * of the plain one.
 */
export function ScrollX(props: { label: string; className?: string; children: ReactNode }): ReactNode {
  const { label, className = 'scroll-x', children } = props;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- who has no pointer scrolls it with the arrow keys
    <div ref={watchSides} className={className} role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

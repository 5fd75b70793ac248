import type { ReactNode } from 'react';
import './states.css';

/** A resting place of the right size (px, or any CSS length), so that nothing jumps when the content comes. */
export function Skeleton({
  width = '100%',
  height = 20,
}: {
  width?: number | string;
  height?: number | string;
}): ReactNode {
  return <div className="skeleton" style={{ width, height }} aria-hidden />;
}

/** Rows of a list or table, 28 px each unless told. */
export function SkeletonRows({ rows, height = 28 }: { rows: number; height?: number }): ReactNode {
  return (
    <div aria-hidden>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} style={{ height, paddingBlock: 6 }}>
          <Skeleton width={`${95 - ((i * 17) % 40)}%`} height="100%" />
        </div>
      ))}
    </div>
  );
}

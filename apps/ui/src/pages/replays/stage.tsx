import { useEffect, useState, type ReactNode } from 'react';
import { Skeleton } from '../../components/skeleton.tsx';
import type { PlaybackState } from './playback.ts';

const tallestPx = 620;

/** The recorded page at the size of its window, scaled to the place there is. */
export function Stage(props: { size: PlaybackState['size']; onRoot: (root: HTMLElement | null) => void }): ReactNode {
  const { size, onRoot } = props;
  const [outer, setOuter] = useState<HTMLElement | null>(null);
  const [widthPx, setWidthPx] = useState(0);
  useEffect(() => {
    if (!outer) return undefined;
    const watch = new ResizeObserver(([entry]) => setWidthPx(entry?.contentRect.width ?? 0));
    watch.observe(outer);
    return () => watch.disconnect();
  }, [outer]);
  const scale = size === undefined ? 1 : Math.min(1, widthPx / size.width, tallestPx / size.height);
  return (
    <div
      ref={setOuter}
      className="replay-stage"
      style={size && { height: size.height * scale }}
      role="group"
      aria-label="Recorded page"
    >
      {size === undefined && <Skeleton height={320} />}
      <div
        ref={onRoot}
        className="replay-screen"
        style={
          size && {
            width: size.width,
            height: size.height,
            left: Math.max(0, (widthPx - size.width * scale) / 2),
            transform: `scale(${scale})`,
          }
        }
      />
    </div>
  );
}

import type { ReactNode } from 'react';
import './site-ground.css';
import type { SiteGround } from './site-ground.ts';

/** Lines of degrees with their names along the edges of a map of `height` px. */
export function GroundLines({ ground, height }: { ground: SiteGround; height: number }): ReactNode {
  if (ground.lines === '') return null;
  return (
    <g className="map-degrees" aria-hidden>
      <path d={ground.lines} />
      {ground.degrees.map(({ text, kind, at: [x, y] }) =>
        kind === 'longitude'
          ? x >= 0 && (
              <text key={kind + text} x={x + 3} y={12}>
                {text}
              </text>
            )
          : y > 24 &&
            y < height - 20 && (
              <text key={kind + text} x={4} y={y - 3}>
                {text}
              </text>
            ),
      )}
    </g>
  );
}

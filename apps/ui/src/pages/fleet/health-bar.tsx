import { memo, type ReactNode } from 'react';
import { healthRuns, healthWords, type HealthMinute } from './health-runs.ts';

const tones = { good: 'good', warn: 'warn', bad: 'bad', none: 'idle' } as const;
const heights = { good: 5, warn: 8, bad: 10, none: 2 } as const;

/** The last 30 minutes, oldest at the left: height and colour say how the minute was. Equal neighbours are one bar. */
export const HealthBar = memo(function HealthBar({ health }: { health: readonly HealthMinute[] }): ReactNode {
  return (
    <svg
      className="health-bar"
      viewBox={`0 0 ${health.length * 4} 10`}
      preserveAspectRatio="none"
      role="img"
      aria-label={healthWords(health)}
    >
      {healthRuns(health).map((run) => (
        <rect
          key={run.start}
          data-tone={tones[run.minute]}
          fill="var(--tone-fill)"
          x={run.start * 4}
          y={10 - heights[run.minute]}
          width={run.length * 4 - 1}
          height={heights[run.minute]}
        />
      ))}
    </svg>
  );
});

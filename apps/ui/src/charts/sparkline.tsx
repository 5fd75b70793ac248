import type { ReactNode } from 'react';
import { barsPath, linePath, type SparkPoints } from './sparkline-path.ts';

interface SparklineProps {
  readonly points: SparkPoints;
  /** What it shows, for those who do not see it; the figures are added. */
  readonly label: string;
  readonly kind?: 'bars' | 'line';
  readonly tone?: 'accent' | 'bad' | 'muted';
  readonly width?: number;
  readonly height?: number;
}

const tones = { accent: 'var(--series-1)', bad: 'var(--bad-fill)', muted: 'var(--idle)' } as const;

/** A small chart without axes: its shape is the message. */
export function Sparkline({
  points,
  label,
  kind = 'line',
  tone = 'accent',
  width = 96,
  height = 20,
}: SparklineProps): ReactNode {
  const high = points.reduce((most, { value }) => Math.max(most, value ?? 0), 0);
  const total = points.reduce((sum, { value }) => sum + (value ?? 0), 0);
  const spoken = `${label}: ${points.length} values, highest ${high.toLocaleString('en-US', { maximumFractionDigits: 2 })}, sum ${total.toLocaleString('en-US', { maximumFractionDigits: 2 })}`;
  return (
    <svg
      className="sparkline"
      role="img"
      aria-label={spoken}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
    >
      <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} stroke="var(--border)" />
      {kind === 'bars' ? (
        <path d={barsPath(points, high, width, height)} fill={tones[tone]} />
      ) : (
        <path
          d={linePath(points, high, width, height)}
          fill="none"
          stroke={tones[tone]}
          strokeWidth={1.5}
          strokeLinecap="round"
        />
      )}
    </svg>
  );
}

import type { ReactNode } from 'react';

interface SparklineProps {
  readonly points: readonly { readonly at: number; readonly value: number }[];
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
  const high = points.reduce((most, { value }) => Math.max(most, value), 0);
  const total = points.reduce((sum, { value }) => sum + value, 0);
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
        <path d={linePath(points, high, width, height)} fill="none" stroke={tones[tone]} strokeWidth={1.5} />
      )}
    </svg>
  );
}

type Points = SparklineProps['points'];

function linePath(points: Points, high: number, width: number, height: number): string {
  const step = points.length > 1 ? width / (points.length - 1) : 0;
  return points
    .map(({ value }, index) => {
      const y = high > 0 ? height - 1 - (Math.max(0, value) / high) * (height - 3) : height - 1;
      return `${index === 0 ? 'M' : 'L'}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}

function barsPath(points: Points, high: number, width: number, height: number): string {
  const step = width / Math.max(1, points.length);
  const bar = Math.max(1, step * 0.75);
  return points
    .map(({ value }, index) => {
      if (value <= 0 || high <= 0) return '';
      const tall = Math.max(1.5, (value / high) * (height - 2));
      return `M${(index * step).toFixed(1)} ${height}v${(-tall).toFixed(1)}h${bar.toFixed(1)}v${tall.toFixed(1)}z`;
    })
    .join('');
}

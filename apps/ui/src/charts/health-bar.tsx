import type { ReactNode } from 'react';

type Health = 'good' | 'warn' | 'bad' | 'none';

const heights: Readonly<Record<Health, number>> = { good: 0.55, warn: 0.78, bad: 1, none: 0.2 };
const colours: Readonly<Record<Health, string>> = {
  good: 'var(--good-fill)',
  warn: 'var(--warn-fill)',
  bad: 'var(--bad-fill)',
  none: 'var(--idle-fill)',
};
const words: Readonly<Record<Health, string>> = { good: 'good', warn: 'degraded', bad: 'bad', none: 'silent' };

/** Minutes of health, oldest first. Height says the same as colour: the worse, the taller; silence is a dot. */
export function HealthBar({
  health,
  width = 120,
  height = 14,
}: {
  readonly health: readonly Health[];
  readonly width?: number;
  readonly height?: number;
}): ReactNode {
  const step = width / Math.max(1, health.length);
  return (
    <svg
      role="img"
      aria-label={healthSentence(health)}
      width="100%"
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      style={{ maxWidth: width, display: 'block' }}
    >
      {(['none', 'good', 'warn', 'bad'] as const).map((state) => (
        <path key={state} d={statePath(health, state, step, height)} fill={colours[state]} />
      ))}
    </svg>
  );
}

function statePath(health: readonly Health[], state: Health, step: number, height: number): string {
  const tall = heights[state] * height;
  return health
    .map((one, index) =>
      one === state
        ? `M${(index * step).toFixed(2)} ${height}v${(-tall).toFixed(2)}h${(step * 0.75).toFixed(2)}v${tall.toFixed(2)}z`
        : '',
    )
    .join('');
}

/** `last 30 min: 3 bad, 2 degraded, 25 good, now good`. */
export function healthSentence(health: readonly Health[]): string {
  const now = health.at(-1);
  if (now === undefined) return 'no health is known';
  const parts = (['bad', 'warn', 'none', 'good'] as const)
    .map((state) => ({ state, minutes: health.filter((one) => one === state).length }))
    .filter(({ minutes }) => minutes > 0)
    .map(({ state, minutes }) => `${minutes} ${words[state]}`);
  return `last ${health.length} min: ${parts.join(', ')}; now ${words[now]}`;
}

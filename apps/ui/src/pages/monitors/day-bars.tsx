import { memo, type PointerEvent, type ReactNode } from 'react';
import type { Tone } from '../../components/state-badge.tsx';
import { barsWords, minutesWords, uptimeText, uptimeTone } from './monitor-words.ts';

interface DayBarsProps {
  /** The last is today, in UTC. Null is a gap. */
  readonly days: readonly (number | null)[];
  readonly downMin: readonly number[];
  /** When the last day began, ms. */
  readonly todayMs: number;
  readonly height?: number;
}

const heights: Readonly<Record<Tone, number>> = { good: 20, warn: 14, bad: 9, idle: 2 };
const tones = ['good', 'warn', 'bad', 'idle'] as const;
const dayMs = 86_400_000;
const dayText = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** Ninety days, oldest at the left: colour and height say how much of the day it was up; a stub is a gap. */
export const DayBars = memo(function DayBars({ days, downMin, todayMs, height = 20 }: DayBarsProps): ReactNode {
  // One path for each tone and one title: a thousand monitors have ninety thousand days.
  function nameDay(event: PointerEvent<HTMLSpanElement>): void {
    const box = event.currentTarget.getBoundingClientRect();
    const index = Math.min(
      days.length - 1,
      Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * days.length)),
    );
    const at = todayMs - (days.length - 1 - index) * dayMs;
    event.currentTarget.title = dayWords(at, days[index] ?? null, downMin[index] ?? 0);
  }
  return (
    <span className="day-bars" style={{ height }} onPointerMove={nameDay}>
      <svg
        viewBox={`0 0 ${days.length * 4} 20`}
        preserveAspectRatio="none"
        role="img"
        aria-label={barsWords(days, downMin)}
      >
        {tones.map((tone) => (
          <path key={tone} data-tone={tone} fill="var(--tone-fill)" d={pathOf(days, tone)} />
        ))}
      </svg>
    </span>
  );
});

function pathOf(days: readonly (number | null)[], tone: Tone): string {
  return days
    .map((share, index) => (uptimeTone(share) === tone ? `M${index * 4} 20v${-heights[tone]}h3v${heights[tone]}z` : ''))
    .join('');
}

function dayWords(at: number, share: number | null, downMin: number): string {
  if (share === null) return `${dayText.format(at)}: nothing measured`;
  const lost = share < 1 ? `, down ${minutesWords(downMin)}` : '';
  return `${dayText.format(at)}: ${uptimeText(share)} up${lost}`;
}

import type { SiteState } from '@sightline/contract';
import type { ReactNode } from 'react';
import './states.css';

/** Colours for state alone. */
export type Tone = 'good' | 'warn' | 'bad' | 'idle';

const siteTones: Readonly<Record<SiteState, Tone>> = {
  healthy: 'good',
  degraded: 'warn',
  late: 'warn',
  unhealthy: 'bad',
  offline: 'bad',
};

/** The tone of a site's or service's state. */
export function toneOf(state: SiteState): Tone {
  return siteTones[state];
}

/** A shape per state, so that nobody needs to see colour: dot, half dot, triangle, ring, cross. Drawn in a 10 × 10 box. */
export function StateShape(props: { state: SiteState; tone?: Tone | undefined }): ReactNode {
  const { state, tone = toneOf(state) } = props;
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden data-tone={tone}>
      <StateMark state={state} />
    </svg>
  );
}

/** The bare shape, centred in 0…10, for use inside a larger drawing. */
export function StateMark({ state }: { state: SiteState }): ReactNode {
  const fill = 'var(--tone-fill)';
  if (state === 'healthy') return <circle cx="5" cy="5" r="4" fill={fill} />;
  if (state === 'degraded') return <path d="M5 0.5 9.5 5 5 9.5 0.5 5Z" fill={fill} />;
  if (state === 'unhealthy') return <path d="M5 0.5 9.8 9.2H0.2Z" fill={fill} />;
  if (state === 'late') return <circle cx="5" cy="5" r="3.4" fill="none" stroke={fill} strokeWidth="2" />;
  return <path d="M1.2 1.2 8.8 8.8M8.8 1.2 1.2 8.8" stroke={fill} strokeWidth="2.4" strokeLinecap="round" />;
}

/** Shape, word and colour of a site's or service's state. */
export function StateBadge({ state, word }: { state: SiteState; word?: string }): ReactNode {
  return (
    <span className="state-badge" data-tone={toneOf(state)}>
      <StateShape state={state} />
      {word ?? state}
    </span>
  );
}

/** Any other state: a word in its colour with a dot. */
export function ToneBadge({ tone, children }: { tone: Tone; children: ReactNode }): ReactNode {
  const state = { good: 'healthy', warn: 'degraded', bad: 'unhealthy', idle: 'late' } as const;
  return (
    <span className="state-badge" data-tone={tone}>
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden>
        <StateMark state={state[tone]} />
      </svg>
      {children}
    </span>
  );
}

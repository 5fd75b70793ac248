import type { getReplay } from '@sightline/contract';
import type { Reply } from '../../data/call.ts';
import type { Step, StepKind } from './steps.ts';
import type { Recording } from './use-recording.ts';

/** A step; an error leads to its issue. */
export interface TimedStep extends Step {
  readonly issue?: { readonly id: string; readonly event: string };
}

export const stepWords: Readonly<Record<StepKind, string>> = {
  error: 'Error',
  rage: 'Rage clicks',
  dead: 'Dead click',
  click: 'Click',
  navigation: 'Page',
  network: 'Network',
  console: 'Console',
};

/** A shape beside the colour: marks are told apart without it. */
export const markShapes: Readonly<Record<StepKind, string>> = {
  error: '◆',
  rage: '▲',
  dead: '✕',
  click: '•',
  navigation: '|',
  network: '·',
  console: '·',
};

const marked: readonly StepKind[] = ['error', 'rage', 'dead', 'click', 'navigation'];
const mostSteps = 2000;
const mostMarks = 300;

/** Everything that happened, oldest first: what the recording tells and the errors that are known of it. */
export function timeline(
  recording: Recording,
  errors: Reply<typeof getReplay>['errors'],
): { readonly steps: readonly TimedStep[]; readonly left: number } {
  const known: TimedStep[] = errors.map((error) => ({
    at: error.at,
    kind: 'error',
    text: `${error.type}: ${error.message}`,
    detail: error.service,
    bad: true,
    issue: { id: error.issue, event: error.eventId },
  }));
  const all = [...recording.parts.flatMap(({ steps }) => steps), ...known].toSorted((a, b) => a.at - b.at);
  return { steps: all.slice(0, mostSteps), left: Math.max(0, all.length - mostSteps) };
}

/** What is marked on the bar, the gravest drawn last and never left out for the others. */
export function marksOf(steps: readonly TimedStep[]): readonly TimedStep[] {
  const weight = ({ kind }: TimedStep): number => marked.indexOf(kind);
  return steps
    .filter(({ kind }) => marked.includes(kind))
    .toSorted((a, b) => weight(a) - weight(b))
    .slice(0, mostMarks)
    .toReversed();
}

/** Index of the last step that has happened at `now`; -1 before the first. Steps are in the order of time. */
export function currentStep(steps: readonly TimedStep[], now: number): number {
  return steps.findLastIndex(({ at }) => at <= now);
}

/** The trace that was under way at `now`, else the last that had begun, else the first. */
export function traceAt<T extends { readonly at: number; readonly endedAt: number }>(
  traces: readonly T[],
  now: number,
): T | undefined {
  const begun = traces.filter(({ at }) => at <= now);
  return begun.findLast(({ endedAt }) => endedAt >= now) ?? begun.at(-1) ?? traces[0];
}

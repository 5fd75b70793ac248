import type { getReplay, getReplayBeside } from '@sightline/contract';
import { formatDuration } from '../../charts/number-format.ts';
import type { Reply } from '../../data/call.ts';
import { toldOnce, type Step, type StepKind } from './steps.ts';
import type { Recording } from './use-recording.ts';

/** A step; an error leads to its issue, what a server did or wrote to its trace. */
export interface TimedStep extends Step {
  readonly issue?: { readonly id: string; readonly event: string };
  readonly trace?: { readonly id: string; readonly span: string };
}

export type Beside = Reply<typeof getReplayBeside>;

export const stepWords: Readonly<Record<StepKind, string>> = {
  error: 'Error',
  rage: 'Rage clicks',
  dead: 'Dead click',
  click: 'Click',
  navigation: 'Page',
  network: 'Network',
  console: 'Console',
  log: 'Server log',
  span: 'Span',
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
  log: '≡',
  span: '▬',
};

const marked: readonly StepKind[] = ['error', 'rage', 'dead', 'click', 'navigation', 'log', 'span'];
/** Those of the recording, and those of the servers, a thousand at most, both. */
const mostSteps = 3000;
const mostMarks = 300;

const graveLogs: ReadonlySet<string> = new Set(['error', 'fatal']);

/** What servers did and wrote, as steps; of a time of its own clock. */
export function serverSteps({ logs, spans }: Beside): readonly TimedStep[] {
  return [
    ...logs.map(({ at, severity, service, body, traceId }): TimedStep => ({
      at,
      kind: 'log',
      text: body,
      detail: [service, severity].filter((part) => part !== '').join(', '),
      bad: graveLogs.has(severity),
      trace: { id: traceId, span: '' },
    })),
    ...spans.map(({ at, durationMs, name, service, status, traceId, spanId }): TimedStep => ({
      at,
      kind: 'span',
      text: name,
      detail: [service, formatDuration(durationMs), ...(status === 'error' ? ['failed'] : [])]
        .filter((part) => part !== '')
        .join(', '),
      bad: status === 'error',
      trace: { id: traceId, span: spanId },
    })),
  ];
}

/** Everything that happened, oldest first: what the recording tells, the errors that are known of it, and what servers did meanwhile. */
export function timeline(
  recording: Recording,
  errors: Reply<typeof getReplay>['errors'],
  servers: readonly TimedStep[] = [],
): { readonly steps: readonly TimedStep[]; readonly left: number } {
  const known: TimedStep[] = errors.map((error) => ({
    at: error.at,
    kind: 'error',
    text: `${error.type}: ${error.message}`,
    detail: error.service,
    bad: true,
    issue: { id: error.issue, event: error.eventId },
  }));
  const recorded = toldOnce(recording.parts.flatMap(({ steps }) => steps).toSorted((a, b) => a.at - b.at));
  const all = [...recorded, ...known, ...servers].toSorted((a, b) => a.at - b.at);
  return { steps: all.slice(0, mostSteps), left: Math.max(0, all.length - mostSteps) };
}

/** Of servers only what went wrong. */
const isMarked = ({ kind, bad }: TimedStep): boolean =>
  marked.includes(kind) && (bad || (kind !== 'log' && kind !== 'span'));

/** What is marked on the bar, the gravest drawn last and never left out for the others. */
export function marksOf(steps: readonly TimedStep[]): readonly TimedStep[] {
  const weight = ({ kind }: TimedStep): number => marked.indexOf(kind);
  return steps
    .filter(isMarked)
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

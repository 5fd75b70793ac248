import type { ErrorEvent, LogRow } from '@sightline/contract';

/** One step on the way to an error: a breadcrumb of the SDK or a log line of the same trace. */
export interface TrailStep {
  readonly at: number | null;
  readonly kind: 'breadcrumb' | 'log';
  readonly level: string;
  readonly category: string;
  readonly message: string;
  readonly data: string;
  /** With a log line: its address. */
  readonly logId: string;
}

const mostSteps = 300;

/**
 * Breadcrumbs and log lines in the order of time, oldest first. A breadcrumb without a time stays behind the one before
 * it. The newest are kept when there are too many.
 */
export function joinTrail(
  breadcrumbs: ErrorEvent['breadcrumbs'],
  logs: readonly LogRow[],
  until = Number.POSITIVE_INFINITY,
): readonly TrailStep[] {
  let last = 0;
  const crumbs = breadcrumbs.map((crumb) => {
    last = crumb.at ?? last;
    return { sort: last, step: { ...crumb, kind: 'breadcrumb' as const, logId: '' } };
  });
  const lines = logs
    .filter(({ at }) => at <= until)
    .map((log) => ({
      sort: log.at,
      step: {
        at: log.at,
        kind: 'log' as const,
        level: log.severity,
        category: log.service,
        message: log.body,
        data: '',
        logId: log.id,
      },
    }));
  return [...crumbs, ...lines]
    .toSorted((a, b) => a.sort - b.sort)
    .slice(-mostSteps)
    .map(({ step }) => step);
}

/** What of a trail is shown; '' for all. */
export interface TrailFilter {
  /** A category, as `trailKinds` names it. */
  readonly kind: string;
  /** The least level. */
  readonly level: string;
  /** Words that all stand in category, message or data, ignoring case. */
  readonly text: string;
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const rankOf = (level: string): number => levels.indexOf(level === 'warning' ? 'warn' : level);
/** How log lines of the trace are named among the categories. */
export const logLines = 'log lines';
const kindOf = (step: TrailStep): string => (step.kind === 'log' ? logLines : step.category);

/** The categories of a trail, the commonest first, at most thirty. */
export function trailKinds(steps: readonly TrailStep[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const step of steps) counts.set(kindOf(step), (counts.get(kindOf(step)) ?? 0) + 1);
  return [...counts]
    .filter(([kind]) => kind !== '')
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, 30)
    .map(([kind]) => kind);
}

/** The steps that a filter leaves. A step without a level counts as `info`, as SDKs have it. */
export function filterTrail(steps: readonly TrailStep[], { kind, level, text }: TrailFilter): readonly TrailStep[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const least = rankOf(level);
  return steps.filter((step) => {
    if (kind !== '' && kindOf(step) !== kind) return false;
    if (least >= 0 && Math.max(rankOf(step.level), step.level === '' ? rankOf('info') : -1) < least) return false;
    const said = `${step.category} ${step.message} ${step.data}`.toLowerCase();
    return words.every((word) => said.includes(word));
  });
}

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

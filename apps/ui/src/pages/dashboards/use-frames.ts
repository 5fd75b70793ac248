import {
  builtInVariables,
  fillVariables,
  logHistogram,
  type queryMetrics,
  stepFor,
  type DashboardPanel,
  type MetricColumns,
  type PanelQuery,
  type PanelType,
  type VariableValues,
} from '@sightline/contract';
import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import type { ScopeQuery } from '../../data/scope.ts';
import { seriesNames } from '../../promql/series-names.ts';
import { useColumns, type ColumnsQuestion } from '../../promql/use-columns.ts';

export interface FrameColumn {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (number | null)[];
}
/** What one query of a panel answered. */
export interface Frame {
  readonly ref: string;
  readonly times: readonly number[];
  readonly columns: readonly FrameColumn[];
  /** One moment instead of a range. */
  readonly instant: boolean;
  /** The same a week before, its times moved to those of now; undefined where nothing is compared. */
  readonly before?: readonly FrameColumn[] | undefined;
}
export interface Frames {
  readonly frames: readonly Frame[];
  readonly stepMs: number;
  readonly from: number;
  readonly to: number;
  readonly loading: boolean;
  /** The answer is of the window before. */
  readonly stale: boolean;
  readonly error: ProblemError | null;
  /** Faults of single queries: the others are drawn. */
  readonly faults: readonly { readonly ref: string; readonly message: string }[];
  readonly warnings: readonly string[];
  readonly again: () => void;
}

export const weekMs = 7 * 86_400_000;

/** Kinds of panels that show last week beside now, and those that have nothing to compare by their nature. */
const compared: readonly PanelType[] = ['timeseries', 'stat', 'gauge', 'bar', 'toplist'];
const timeless: readonly PanelType[] = ['row', 'text'];

/** Whether a panel has no last week to show, though one is asked for: its kind has none, or it asks no PromQL. */
export function lacksWeek(panel: Pick<DashboardPanel, 'type' | 'queries'>): boolean {
  if (timeless.includes(panel.type)) return false;
  return !compared.includes(panel.type) || !panel.queries.some(({ kind, hidden }) => kind === 'promql' && !hidden);
}

/** Whether any panel has last week to show. */
export const hasWeek = (panels: readonly Pick<DashboardPanel, 'type' | 'queries'>[]): boolean =>
  panels.some((panel) => !timeless.includes(panel.type) && !lacksWeek(panel));
const seriesAtMost = 200;

type Prom = Extract<PanelQuery, { kind: 'promql' }>;
type Logs = Extract<PanelQuery, { kind: 'logs' }>;

/** The expression of a query with everything filled in, as it is sent. */
export function filledExpression(
  query: Prom,
  values: VariableValues,
  range: { from: number; to: number; stepMs: number },
): string {
  return fillVariables(
    query.expression,
    { ...builtInVariables(range.from, range.to, range.stepMs), ...values },
    'promql',
  );
}

/** Kinds of panels that show how it is at the end of the range. */
const ofTheEnd: readonly PanelType[] = ['stat', 'gauge', 'bar', 'toplist', 'table'];
const minuteMs = 60_000;

/**
 * The window of a panel: its ends stand on whole steps, so that a page that moves on asks again only when there is more. What a panel
 * shows of the end is never older than a minute, however long its steps are.
 */
export function windowOf(
  panel: Pick<DashboardPanel, 'place' | 'type'>,
  scope: ScopeQuery,
): { from: number; to: number; stepMs: number } {
  const stepMs = stepFor(scope.to - scope.from, panel.place.w >= 12 ? 360 : 240);
  const grainMs = ofTheEnd.includes(panel.type) ? Math.min(stepMs, minuteMs) : stepMs;
  const to = Math.floor(scope.to / grainMs) * grainMs;
  const from = to - Math.max(1, Math.round((scope.to - scope.from) / stepMs)) * stepMs;
  return { stepMs, from, to };
}

/** Asks the queries of a panel, while it is in sight. */
export function useFrames(
  panel: DashboardPanel,
  values: VariableValues,
  scope: ScopeQuery,
  how: { readonly when: boolean; readonly compare: boolean },
): Frames {
  const { stepMs, from, to } = windowOf(panel, scope);
  const { environment, site, service } = scope;
  const asked = panel.queries.filter(
    (query): query is Prom => query.kind === 'promql' && !query.hidden && query.expression.trim() !== '',
  );
  const when = how.when && asked.length > 0;
  const question = (shiftMs: number): ColumnsQuestion => ({
    from: from - shiftMs,
    to: to - shiftMs,
    environment,
    site,
    service,
    most: seriesAtMost,
    queries: asked.map((query) => ({
      ref: query.ref,
      expression: filledExpression(query, values, { from, to, stepMs }),
      instant: query.instant,
      buckets: panel.type === 'heatmap',
      stepMs,
    })),
  });
  const compares = how.compare && compared.includes(panel.type);
  const now = useColumns(when ? question(0) : undefined);
  const before = useColumns(when && compares ? question(weekMs) : undefined);
  const logs = useLogFrames(panel, values, { ...scope, from, to }, how.when);
  const frames = useMemo(() => {
    const found = (now.data?.answers ?? []).flatMap((answer): Frame[] => {
      if (answer.data === null) return [];
      const query = asked.find(({ ref }) => ref === answer.ref);
      const legend = fillVariables(query?.legend ?? '', values, 'text');
      const earlier = compares ? before.data?.answers.find(({ ref }) => ref === answer.ref)?.data : undefined;
      return [frameOf(answer.ref, answer.data, legend, query?.expression ?? '', earlier ?? undefined)];
    });
    return [...found, ...logs.frames];
    // The answers change with the questions: names are made anew when they come.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [now.data, before.data, compares, logs.key]);
  const answers = now.data?.answers ?? [];
  return {
    frames,
    stepMs,
    from,
    to,
    loading: (when && now.data === undefined && now.error === null) || logs.loading,
    stale: now.isPlaceholderData,
    error: now.data === undefined ? (now.error ?? logs.error) : logs.error,
    faults: answers.flatMap(({ ref, fault }) => (fault === null ? [] : [{ ref, message: fault.message }])),
    warnings: [
      ...new Set([
        ...answers.flatMap(({ data }) => [...(data?.warnings ?? []), ...moreText(data)]),
        ...(compares ? weekFaults(before.data?.answers ?? [], before.error) : []),
      ]),
    ],
    again: () => void now.refetch(),
  };
}

/** Why last week is not beside now. */
function weekFaults(answers: Reply<typeof queryMetrics>['answers'], error: ProblemError | null): string[] {
  if (error !== null) return [`Last week could not be read: ${error.detail || error.title}`];
  return answers.flatMap(({ ref, fault }) =>
    fault === null ? [] : [`Last week of query ${ref} could not be read: ${fault.message}`],
  );
}

function moreText(data: MetricColumns | null): string[] {
  return data === null || data.more === 0 ? [] : [`${data.more} more series were left out by the server.`];
}

function frameOf(
  ref: string,
  data: MetricColumns,
  legend: string,
  expression: string,
  earlier: MetricColumns | undefined,
): Frame {
  const columnsOf = ({ series }: MetricColumns): FrameColumn[] => {
    const names = seriesNames(
      series.map(({ labels }) => labels),
      legend,
      expression,
    );
    return series.map(({ labels, values }, index) => ({ name: names[index] ?? '', labels, values }));
  };
  return {
    ref,
    times: data.times,
    columns: columnsOf(data),
    instant: data.type !== 'matrix',
    before: earlier === undefined ? undefined : columnsOf(earlier),
  };
}

/** Counts of log lines over time: a search as a series. */
function useLogFrames(panel: DashboardPanel, values: VariableValues, scope: ScopeQuery, when: boolean) {
  const asked =
    panel.type === 'loglist'
      ? []
      : panel.queries.filter((query): query is Logs => query.kind === 'logs' && !query.hidden);
  const results = useQueries({
    queries: asked.map((query) => ({
      queryKey: [logHistogram.path, scope, fillVariables(query.q, values, 'logs')],
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Reply<typeof logHistogram>> =>
        call(logHistogram, { query: { ...scope, q: fillVariables(query.q, values, 'logs'), buckets: 120 } }, signal),
      enabled: when,
      placeholderData: keepPreviousData,
    })),
  });
  const frames = results.flatMap(({ data }, index): Frame[] => {
    const query = asked[index];
    if (data === undefined || query === undefined) return [];
    const sum = (counts: Readonly<Record<string, number>>): number =>
      Object.values(counts).reduce((all, one) => all + one, 0);
    const name = fillVariables(query.legend, values, 'text') || query.q || 'log lines';
    const column = { name, labels: {}, values: data.buckets.map(({ counts }) => sum(counts)) };
    return [{ ref: query.ref, times: data.buckets.map(({ at }) => at), columns: [column], instant: false }];
  });
  return {
    frames,
    /** Changes when an answer does. */
    key: results.map(({ dataUpdatedAt }) => dataUpdatedAt).join(','),
    loading: when && results.some(({ data, error }) => data === undefined && error === null),
    error: (results.find(({ error }) => error !== null)?.error ?? null) as ProblemError | null,
  };
}

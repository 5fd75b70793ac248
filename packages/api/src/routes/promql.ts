import {
  explainMetrics,
  labelNames,
  labelValues,
  metricExemplars,
  metricNames,
  queryMetrics,
  stepFor,
} from '@sightline/contract';
import { scopeMatchers } from '@sightline/query';
import {
  type Answer,
  keepsMeasure,
  type Matcher,
  parsePromql,
  parseSelector,
  type QueryFault,
  type SeriesQuery,
} from '@sightline/query/promql';
import { ok, type Result } from '@sightline/base';
import { boundSelectors, exemplarSelectorLimit } from '../bound-selectors.ts';
import { explainSteps } from '../explain-promql.ts';
import { heatColumns } from '../heat-columns.ts';
import { faultPosition, metricColumns, timesOf } from '../metric-columns.ts';
import { answer, type CallContext, type ProblemReply, refuse, type Route } from '../route.ts';

/** Below the interface's own limit of 30 s, so that the reason still reaches it. */
const queryLimitMs = 25_000;

interface AskedScope {
  readonly environment: string;
  readonly site: string;
  readonly service: string;
}

/** What the page's scope, and a key that is bound to a site, add to every selector. */
const enforcedBy = (asked: AskedScope, { caller }: CallContext): Matcher[] =>
  scopeMatchers({ ...asked, site: caller.keySite ? caller.keySite : asked.site });

const runQueries = answer(queryMetrics, async ({ body }, context) => {
  const { metrics: engine } = context.deps.store;
  if (body.from >= body.to) return refuse(400, 'Empty time range', '`from` must lie before `to`.');
  if (otherSite(body.site, context)) return elsewhere(context);
  const started = context.deps.clock.now();
  const enforced = enforcedBy(body, context);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(queryLimitMs)]);
  const answers = await Promise.all(
    body.queries.map(async ({ ref, expression, instant, buckets, stepMs: asked }) => {
      const common = {
        organisation: context.caller.organisation,
        expression,
        enforced,
        signal,
        bounds: { timeoutMs: queryLimitMs },
      };
      const stepMs = asked === 0 ? stepFor(body.to - body.from, body.points) : asked;
      const startMs = Math.floor(body.from / stepMs) * stepMs;
      const endMs = Math.floor(body.to / stepMs) * stepMs;
      const grid = { startMs, stepMs, count: Math.round((endMs - startMs) / stepMs) + 1 };
      const found: Result<Answer, QueryFault> = await (instant
        ? engine.instant({ ...common, atMs: body.to })
        : engine.range({ ...common, startMs, endMs, stepMs }));
      if (found.ok) {
        const heat = buckets && !instant ? heatColumns(found.value, timesOf(grid), stepMs) : undefined;
        return { ref, data: heat ?? metricColumns(found.value, body.most, instant ? undefined : grid), fault: null };
      }
      const { kind, message } = found.error;
      const position = faultPosition(message, expression);
      return { ref, data: null, fault: { kind, message, ...(position ? { position } : {}) } };
    }),
  );
  return { tookMs: context.deps.clock.now() - started, answers };
});

const stepsAtMost = 30;

/** One step after another, so that the time of each is its own; what stands in several places is evaluated once. */
const explain = answer(explainMetrics, async ({ body }, context) => {
  if (otherSite(body.site, context)) return elsewhere(context);
  const parsed = parsePromql(body.expression);
  if (!parsed.ok) return refuse(400, 'No expression', `Expected PromQL: ${parsed.error.message}`);
  const { clock, store } = context.deps;
  const all = explainSteps(parsed.value);
  const enforced = enforcedBy(body, context);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(queryLimitMs)]);
  const none = { series: null, samples: null, tookMs: null, fault: '' };
  const known = new Map<string, typeof none | { series: number; samples: number; tookMs: number; fault: string }>();
  const steps = [];
  for (const { text, kind, depth, query } of all.slice(0, stepsAtMost)) {
    let yields = query === '' ? none : known.get(query);
    if (yields === undefined) {
      const started = clock.now();
      const found = await store.metrics.instant({
        organisation: context.caller.organisation,
        expression: query,
        enforced,
        signal,
        bounds: { timeoutMs: queryLimitMs },
        atMs: body.at,
      });
      const data = found.ok ? metricColumns(found.value, 1) : undefined;
      yields =
        data === undefined
          ? { ...none, fault: found.ok ? '' : found.error.message }
          : {
              series: data.series.length + data.more,
              samples: data.samples,
              tookMs: clock.now() - started,
              fault: '',
            };
      known.set(query, yields);
    }
    steps.push({ text, kind, depth, ...yields });
  }
  return { steps, omitted: Math.max(0, all.length - stepsAtMost) };
});

const otherSite = (site: string, { caller }: CallContext): boolean =>
  Boolean(caller.keySite) && site !== '' && site !== caller.keySite;
const elsewhere = ({ caller }: CallContext): ProblemReply =>
  refuse(403, 'Not at this site', `This key reads the metrics of ${caller.keySite ?? ''} alone.`);

/** What a call about series asks of the engine, or why it cannot be asked. */
function seriesQuery(
  query: AskedScope & { from: number; to: number; match: string; limit: number },
  context: CallContext,
): SeriesQuery | ProblemReply {
  if (query.from >= query.to) return refuse(400, 'Empty time range', '`from` must lie before `to`.');
  if (otherSite(query.site, context)) return elsewhere(context);
  const selector = query.match === '' ? ok([]) : parseSelector(query.match);
  if (!selector.ok)
    return refuse(400, 'No selector', `Expected a series selector such as up{job="x"}: ${selector.error.message}`, {
      fields: { match: selector.error.message },
    });
  const matchers = [...selector.value, ...enforcedBy(query, context)];
  return {
    organisation: context.caller.organisation,
    matchers: matchers.length === 0 ? [] : [matchers],
    startMs: query.from,
    endMs: query.to,
    limit: query.limit,
    signal: context.signal,
  };
}

/** What the engine could not answer, as a refusal. */
function faultReply({ kind, message }: QueryFault): ProblemReply {
  const status = { bad_data: 400, execution: 422, timeout: 503, canceled: 499, unavailable: 503, internal: 500 }[kind];
  return refuse(status, 'The metrics could not be read', message);
}

/** Exemplars that a chart has room for. */
const exemplarsAtMost = 100;

const readExemplars = answer(metricExemplars, async ({ query }, context) => {
  const { from, to, expression } = query;
  if (from >= to) return refuse(400, 'Empty time range', '`from` must lie before `to`.');
  if (otherSite(query.site, context)) return elsewhere(context);
  const parsed = parsePromql(expression);
  if (!parsed.ok) return refuse(400, 'No expression', `Expected PromQL: ${parsed.error.message}`);
  const selectors = boundSelectors(parsed.value, enforcedBy(query, context));
  if (selectors.length > exemplarSelectorLimit)
    return refuse(400, 'Too many selectors', `Expected ${exemplarSelectorLimit} at most, found ${selectors.length}.`);
  const onAxis = keepsMeasure(parsed.value);
  if (selectors.length === 0) return { exemplars: [], more: 0, selector: '', onAxis, warnings: [] };
  const selector = selectors.join(' or ');
  const found = await context.deps.store.metrics.exemplars({
    organisation: context.caller.organisation,
    expression: selector,
    startMs: from,
    endMs: to,
  });
  if (!found.ok) return faultReply(found.error);
  const all = found.value.series.flatMap(({ labels: series, exemplars }) =>
    exemplars
      .filter(({ value }) => Number.isFinite(value))
      .map(({ labels, value, atMs }) => ({
        at: atMs,
        value,
        traceId: labels['trace_id'] ?? labels['traceID'] ?? '',
        spanId: labels['span_id'] ?? labels['spanID'] ?? '',
        labels: { ...labels },
        series: { ...series },
      })),
  );
  const greatest = new Map<number, (typeof all)[number]>();
  for (const [index, one] of all.entries()) {
    const slot = all.length <= exemplarsAtMost ? index : Math.floor(((one.at - from) / (to - from)) * exemplarsAtMost);
    const known = greatest.get(slot);
    if (known === undefined || known.value < one.value) greatest.set(slot, one);
  }
  return {
    exemplars: [...greatest.values()].toSorted((a, b) => a.at - b.at),
    more: all.length - greatest.size,
    selector,
    onAxis,
    warnings: [...found.value.warnings],
  };
});

const suffixes = /_(?:bucket|sum|count|total)$/;

export const promqlRoutes: readonly Route[] = [
  runQueries,
  explain,
  readExemplars,

  answer(metricNames, async ({ query }, context) => {
    const { metrics: engine } = context.deps.store;
    const asked = seriesQuery(query, context);
    if ('problem' in asked) return asked;
    const [names, metadata] = await Promise.all([
      engine.labelValues({ ...asked, label: '__name__' }),
      engine.metadata({ organisation: asked.organisation, metric: '', limit: 0 }),
    ]);
    if (!names.ok) return faultReply(names.error);
    const known = metadata.ok ? metadata.value : new Map<string, never>();
    const metrics = names.value.items.map((name) => {
      const [about] = known.get(name) ?? known.get(name.replace(suffixes, '')) ?? [];
      return { name, type: about?.type ?? '', unit: about?.unit ?? '', help: about?.help ?? '' };
    });
    return { metrics, cut: names.value.cut };
  }),

  answer(labelNames, async ({ query }, context) => {
    const { metrics: engine } = context.deps.store;
    const asked = seriesQuery(query, context);
    if ('problem' in asked) return asked;
    const found = await engine.labelNames(asked);
    return found.ok ? { names: [...found.value.items], cut: found.value.cut } : faultReply(found.error);
  }),

  answer(labelValues, async ({ query }, context) => {
    const { metrics: engine } = context.deps.store;
    const asked = seriesQuery(query, context);
    if ('problem' in asked) return asked;
    const found = await engine.labelValues({ ...asked, label: query.label });
    return found.ok ? { values: [...found.value.items], cut: found.value.cut } : faultReply(found.error);
  }),
];

import type { Result } from '@sightline/base';
import {
  type Limited,
  type MetricEngine,
  parsePromql,
  type QueryFault,
  type SeriesQuery,
  showSampleValue,
} from '@sightline/query/promql';
import { type Answer, type Call, get, getOrPost, type PrometheusRoute } from './call.ts';
import { boundSelectors, exemplarSelectorLimit } from '../../bound-selectors.ts';
import { ApiFault, badData, invalidParameter } from './fault.ts';
import { countOf, limitOf, selectorsOf, timeOr, unescapeLabel } from './parameters.ts';
import { faultOf, queryTimeoutMs } from './query-routes.ts';
import { Pieces } from './reply.ts';
import { timestampJson } from './timestamp-json.ts';
import { labelsJson, listPieces } from './write-value.ts';

/** Where clients name no bounds, or ones that no series has: all that a store may hold. */
const firstMs = 0;
const lastMs = Date.UTC(9999, 11, 31);

export const indexRoutes: readonly PrometheusRoute[] = [
  getOrPost('/series', async (call) => {
    if (call.form.all('match[]').length === 0) return badData('no match[] parameter provided');
    return list(call, (engine, query) => engine.series(query), labelsJson);
  }),
  getOrPost('/labels', (call) => list(call, (engine, query) => engine.labelNames(query), JSON.stringify)),
  get('/label/:name/values', async (call) => {
    const label = unescapeLabel(call.name);
    if (label === '') return badData('invalid label name: ""');
    return list(call, (engine, query) => engine.labelValues({ ...query, label }), JSON.stringify);
  }),
  get('/metadata', answerMetadata),
  getOrPost('/query_exemplars', answerExemplars),
];

/** Reads when there is room; a fault of the engine becomes one of the API. */
async function reading<T>(
  { asker, gate, signal: gone }: Call,
  read: (signal: AbortSignal) => Promise<Result<T, QueryFault>>,
): Promise<{ readonly found: T } | ApiFault> {
  const answer = await gate.run(asker.organisation, { gone, limitMs: queryTimeoutMs }, read);
  if (answer instanceof ApiFault) return answer;
  return answer.ok ? { found: answer.value } : faultOf(answer.error);
}

async function list<T>(
  call: Call,
  read: (engine: MetricEngine, query: SeriesQuery) => Promise<Result<Limited<T>, QueryFault>>,
  show: (item: T) => string,
): Promise<Answer> {
  const { metrics: engine } = call.deps.store;
  const query = seriesQuery(call);
  if (query instanceof ApiFault) return query;
  const answer = await reading(call, (signal) => read(engine, { ...query, signal }));
  if (answer instanceof ApiFault) return answer;
  const { items, cut, warnings = [] } = answer.found;
  const data = new Pieces(listPieces(items, (item) => show(item)));
  return { data, warnings: cut ? [...warnings, 'results truncated due to limit'] : warnings };
}

function seriesQuery({ form, asker }: Call): SeriesQuery | ApiFault {
  const limit = limitOf(form);
  if (limit instanceof ApiFault) return limit;
  const range = rangeOf(form);
  if (range instanceof ApiFault) return range;
  const selectors = selectorsOf(form);
  if (selectors instanceof ApiFault) return selectors;
  const bound = selectors.length === 0 && asker.enforced.length > 0 ? [[]] : selectors;
  const matchers = bound.map((selector) => [...selector, ...asker.enforced]);
  return { organisation: asker.organisation, matchers, ...range, limit };
}

function rangeOf(form: Call['form']): { startMs: number; endMs: number } | ApiFault {
  const startMs = timeOr(form, 'start', firstMs);
  if (startMs instanceof ApiFault) return startMs;
  const endMs = timeOr(form, 'end', lastMs);
  if (endMs instanceof ApiFault) return endMs;
  return { startMs: Math.max(firstMs, startMs), endMs: Math.min(lastMs, endMs) };
}

/** Which metrics the asker may know of: those that its site has, where its key is bound to one. */
async function namesSeen(call: Call): Promise<((name: string) => boolean) | ApiFault> {
  const { asker, deps } = call;
  if (asker.site === '') return () => true;
  const { organisation, enforced } = asker;
  const asked = { organisation, matchers: [enforced], startMs: firstMs, endMs: lastMs, limit: 0, label: '__name__' };
  const answer = await reading(call, (signal) => deps.store.metrics.labelValues({ ...asked, signal }));
  if (answer instanceof ApiFault) return answer;
  const names = new Set(answer.found.items);
  return (name) => names.has(name) || ['_bucket', '_count', '_sum', '_total'].some((end) => names.has(name + end));
}

async function answerMetadata(call: Call): Promise<Answer> {
  const { form, asker } = call;
  const { metrics: engine } = call.deps.store;
  const limit = countOf(form, 'limit');
  if (limit instanceof ApiFault) return limit;
  const perMetric = countOf(form, 'limit_per_metric');
  if (perMetric instanceof ApiFault) return perMetric;
  if (limit === 0) return { data: {} };
  const metric = form.get('metric');
  const answer = await reading(call, () =>
    engine.metadata({ organisation: asker.organisation, metric, limit: Math.max(0, limit) }),
  );
  if (answer instanceof ApiFault) return answer;
  const seen = await namesSeen(call);
  if (seen instanceof ApiFault) return seen;
  const shown = [...answer.found].flatMap(([name, entries]) =>
    seen(name) ? [[name, perMetric > 0 ? entries.slice(0, perMetric) : entries] as const] : [],
  );
  return { data: Object.fromEntries(limit > 0 ? shown.slice(0, limit) : shown) };
}

async function answerExemplars(call: Call): Promise<Answer> {
  const { form, asker } = call;
  const { metrics: engine } = call.deps.store;
  const range = rangeOf(form);
  if (range instanceof ApiFault) return range;
  if (range.endMs < range.startMs && form.get('end') !== '') {
    return badData('end timestamp must not be before start timestamp');
  }
  const parsed = parsePromql(form.get('query'));
  if (!parsed.ok) return invalidParameter('query', parsed.error.message);
  const bound = boundSelectors(parsed.value, asker.enforced);
  if (bound.length === 0) return { data: [] };
  if (bound.length > exemplarSelectorLimit) return badData(`more than ${exemplarSelectorLimit} selectors`);
  const answer = await reading(call, () =>
    engine.exemplars({ organisation: asker.organisation, expression: bound.join(' or '), ...range }),
  );
  if (answer instanceof ApiFault) return answer;
  return {
    warnings: answer.found.warnings,
    data: new Pieces(
      listPieces(answer.found.series, ({ labels, exemplars }) => {
        const points = exemplars.map(
          ({ labels: own, value, atMs }) =>
            `{"labels":${labelsJson(own)},"value":"${showSampleValue(value)}","timestamp":${timestampJson(atMs)}}`,
        );
        return `{"seriesLabels":${labelsJson(labels)},"exemplars":[${points.join(',')}]}`;
      }),
    ),
  };
}

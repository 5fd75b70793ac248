import { type Limited, parsePromql, printPromql, selectorsIn, type SeriesQuery } from '@sightline/query/promql';
import { type Answer, type Call, engineOf, get, getOrPost, type PrometheusRoute } from './call.ts';
import { ApiFault, badData, invalidParameter } from './fault.ts';
import { countOf, limitOf, selectorsOf, timeOr, unescapeLabel } from './parameters.ts';
import { faultOf } from './query-routes.ts';
import { Pieces } from './reply.ts';
import { labelsJson, listPieces, timestampJson } from './write-value.ts';
import { showSampleValue } from '@sightline/query/promql';

/** Where clients name no bounds, or ones that no series has: all that a store may hold. */
const firstMs = 0;
const lastMs = Date.UTC(9999, 11, 31);
const exemplarSelectorLimit = 200;

export const indexRoutes: readonly PrometheusRoute[] = [
  getOrPost('/series', async (call) => {
    if (call.form.all('match[]').length === 0) return badData('no match[] parameter provided');
    const engine = engineOf(call);
    if (engine instanceof ApiFault) return engine;
    const query = seriesQuery(call);
    if (query instanceof ApiFault) return query;
    const found = await engine.series(query);
    return found.ok ? list(found.value, labelsJson) : faultOf(found.error);
  }),
  getOrPost('/labels', async (call) => {
    const engine = engineOf(call);
    if (engine instanceof ApiFault) return engine;
    const query = seriesQuery(call);
    if (query instanceof ApiFault) return query;
    const found = await engine.labelNames(query);
    return found.ok ? list(found.value, (name) => JSON.stringify(name)) : faultOf(found.error);
  }),
  get('/label/:name/values', async (call) => {
    const engine = engineOf(call);
    if (engine instanceof ApiFault) return engine;
    const label = unescapeLabel(call.name);
    if (label === '') return badData('invalid label name: ""');
    const query = seriesQuery(call);
    if (query instanceof ApiFault) return query;
    const found = await engine.labelValues({ ...query, label });
    return found.ok ? list(found.value, (value) => JSON.stringify(value)) : faultOf(found.error);
  }),
  get('/metadata', answerMetadata),
  getOrPost('/query_exemplars', answerExemplars),
];

function seriesQuery({ form, asker, signal }: Call): SeriesQuery | ApiFault {
  const limit = limitOf(form);
  if (limit instanceof ApiFault) return limit;
  const range = rangeOf(form);
  if (range instanceof ApiFault) return range;
  const selectors = selectorsOf(form);
  if (selectors instanceof ApiFault) return selectors;
  const bound = selectors.length === 0 && asker.enforced.length > 0 ? [[]] : selectors;
  const matchers = bound.map((selector) => [...selector, ...asker.enforced]);
  return { organisation: asker.organisation, matchers, ...range, limit, signal };
}

function rangeOf(form: Call['form']): { startMs: number; endMs: number } | ApiFault {
  const startMs = timeOr(form, 'start', firstMs);
  if (startMs instanceof ApiFault) return startMs;
  const endMs = timeOr(form, 'end', lastMs);
  if (endMs instanceof ApiFault) return endMs;
  return { startMs: Math.max(firstMs, startMs), endMs: Math.min(lastMs, endMs) };
}

function list<T>({ items, cut }: Limited<T>, show: (item: T) => string): Answer {
  const data = new Pieces(listPieces(items, show));
  return cut ? { data, warnings: ['results truncated due to limit'] } : { data };
}

async function answerMetadata(call: Call): Promise<Answer> {
  const { form, asker } = call;
  const engine = engineOf(call);
  if (engine instanceof ApiFault) return engine;
  const limit = countOf(form, 'limit');
  if (limit instanceof ApiFault) return limit;
  const perMetric = countOf(form, 'limit_per_metric');
  if (perMetric instanceof ApiFault) return perMetric;
  if (limit === 0) return { data: {} };
  const metric = form.get('metric');
  const found = await engine.metadata({ organisation: asker.organisation, metric, limit: Math.max(0, limit) });
  if (!found.ok) return faultOf(found.error);
  const shown = [...found.value].map(
    ([name, entries]) => [name, perMetric > 0 ? entries.slice(0, perMetric) : entries] as const,
  );
  return { data: Object.fromEntries(limit > 0 ? shown.slice(0, limit) : shown) };
}

async function answerExemplars(call: Call): Promise<Answer> {
  const { form, asker } = call;
  const engine = engineOf(call);
  if (engine instanceof ApiFault) return engine;
  const range = rangeOf(form);
  if (range instanceof ApiFault) return range;
  if (range.endMs < range.startMs && form.get('end') !== '') {
    return badData('end timestamp must not be before start timestamp');
  }
  const parsed = parsePromql(form.get('query'));
  if (!parsed.ok) return invalidParameter('query', parsed.error.message);
  const selectors = selectorsIn(parsed.value);
  if (selectors.length === 0) return { data: [] };
  if (selectors.length > exemplarSelectorLimit) return badData(`more than ${exemplarSelectorLimit} selectors`);
  // Only the selectors count; so the key's own site can be written into each of them.
  const bound = selectors.map(({ name, matchers, span }) =>
    printPromql({
      kind: 'vector-selector',
      name,
      matchers: [...asker.enforced, ...matchers],
      shift: { offsetMs: 0 },
      span,
    }),
  );
  const found = await engine.exemplars({ organisation: asker.organisation, expression: bound.join(' or '), ...range });
  if (!found.ok) return faultOf(found.error);
  return {
    data: new Pieces(
      listPieces(found.value, ({ labels, exemplars }) => {
        const points = exemplars.map(
          ({ labels: own, value, atMs }) =>
            `{"labels":${labelsJson(own)},"value":"${showSampleValue(value)}","timestamp":${timestampJson(atMs)}}`,
        );
        return `{"seriesLabels":${labelsJson(labels)},"exemplars":[${points.join(',')}]}`;
      }),
    ),
  };
}

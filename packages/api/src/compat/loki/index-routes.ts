import {
  detectFields,
  indexStats,
  indexVolume,
  labelKey,
  listLabels,
  listLabelValues,
  listStreams,
  logqlPatterns,
  parseLogSelector,
  runLogQuery,
  tooMuchArchive,
  type DetectedField,
  type IndexScope,
  type LogExpression,
} from '@sightline/query';
import { LokiFault, type LokiCall, type LokiRoute } from './call.ts';
import { limited } from './query-routes.ts';
import { defaultStepMs, mostEntries, readLimit, readRange, readStep } from './parameters.ts';

/** The range of a call, and the selector that it may name. */
function asked(call: LokiCall, text: string): { scope: IndexScope; query: LogExpression | undefined } | LokiFault {
  const range = readRange(call.form, call.deps.clock.now());
  if (!range.ok) return new LokiFault(400, range.error);
  const scope = { ...call.scope, range: range.value };
  if (text === '' || /^\{\s*\}$/.test(text)) return { scope, query: undefined };
  const query = parseLogSelector(text);
  return query.ok ? { scope, query: query.value } : new LokiFault(400, query.error.message);
}

/** As `asked`, where a selector must be there. */
function selected(call: LokiCall): { scope: IndexScope; query: LogExpression } | LokiFault {
  const found = asked(call, call.form.get('query'));
  if (found instanceof LokiFault) return found;
  const { scope, query } = found;
  return query ? { scope, query } : new LokiFault(400, 'parse error : syntax error: unexpected $end');
}

async function labels(call: LokiCall): Promise<unknown> {
  const found = asked(call, call.form.get('query'));
  if (found instanceof LokiFault) return found;
  const data = await listLabels(call.deps.store, found.scope, found.query, { signal: call.signal });
  return { status: 'success', data };
}

async function labelValues(call: LokiCall): Promise<unknown> {
  const found = asked(call, call.form.get('query'));
  if (found instanceof LokiFault) return found;
  const data = await listLabelValues(call.deps.store, found.scope, call.name, found.query, { signal: call.signal });
  return { status: 'success', data };
}

const mostSelectors = 20;

async function series(call: LokiCall): Promise<unknown> {
  const { form, deps, signal } = call;
  const texts = [...form.all('match[]'), ...form.all('match')].slice(0, mostSelectors);
  const found = new Map<string, unknown>();
  for (const text of texts.length === 0 ? [''] : texts) {
    const one = asked(call, text);
    if (one instanceof LokiFault) return one;
    for (const stream of await listStreams(deps.store, one.scope, one.query, { signal }))
      found.set(labelKey(stream.labels), stream.labels);
  }
  return { status: 'success', data: [...found.values()] };
}

async function stats(call: LokiCall): Promise<unknown> {
  const found = selected(call);
  if (found instanceof LokiFault) return found;
  return indexStats(call.deps.store, found.scope, found.query, { signal: call.signal });
}

async function volume(call: LokiCall, overTime: boolean): Promise<unknown> {
  const { form, deps, signal } = call;
  const found = selected(call);
  if (found instanceof LokiFault) return found;
  const [limit, step] = [readLimit(form), readStep(form, 'step')];
  if (!limit.ok) return new LokiFault(400, limit.error);
  if (!step.ok) return new LokiFault(400, step.error);
  const targets = form
    .get('targetLabels')
    .split(',')
    .filter((label) => label !== '');
  const named = [...new Set(found.query.matchers.map(({ label }) => label))];
  const { fromNs, toNs } = found.scope.range;
  const stepMs = overTime ? (step.value ?? defaultStepMs(fromNs, toNs)) : undefined;
  const by = { labels: (targets.length > 0 ? targets : named).slice(0, 20), limit: limit.value, stepMs };
  const volumes = await indexVolume(deps.store, found.scope, found.query, by, { signal });
  const fromMs = Number(fromNs / 1_000_000n);
  const result = volumes.map(({ labels: metric, points, bytes }) =>
    stepMs === undefined
      ? { metric, value: [Number(toNs / 1_000_000n) / 1000, String(bytes)] }
      : { metric, values: points.map(([bucket, size]) => [(fromMs + bucket * stepMs) / 1000, String(size)]) },
  );
  return { status: 'success', data: { resultType: overTime ? 'matrix' : 'vector', result } };
}

async function detectedLabels(call: LokiCall): Promise<unknown> {
  const found = asked(call, call.form.get('query'));
  if (found instanceof LokiFault) return found;
  const values = new Map<string, Set<string>>();
  for (const stream of await listStreams(call.deps.store, found.scope, found.query, { signal: call.signal })) {
    for (const [label, value] of Object.entries(stream.labels)) {
      const known = values.get(label);
      if (known) known.add(value);
      else values.set(label, new Set([value]));
    }
  }
  return { detectedLabels: [...values].map(([label, known]) => ({ label, cardinality: known.size })) };
}

async function fieldsOf(call: LokiCall): Promise<DetectedField[] | LokiFault> {
  const found = selected(call);
  if (found instanceof LokiFault) return found;
  const lines = Number(call.form.get('line_limit') || 1000);
  if (!Number.isInteger(lines) || lines < 1) return new LokiFault(400, 'line_limit must be a positive value');
  const { range, ...scope } = found.scope;
  const { entries } = await runLogQuery(
    call.deps.store,
    { ...scope, query: found.query, range, direction: 'backward', limit: Math.min(lines, mostEntries) },
    { signal: call.signal },
  );
  return detectFields(entries);
}

async function detectedFields(call: LokiCall): Promise<unknown> {
  const limit = readLimit(call.form);
  if (!limit.ok) return new LokiFault(400, limit.error);
  const most = call.form.get('limit') === '' ? 1000 : limit.value;
  const fields = await fieldsOf(call);
  if (fields instanceof LokiFault) return fields;
  const shown = fields.slice(0, most).map(({ values: _values, parsers, ...field }) => ({
    ...field,
    parsers: parsers.length > 0 ? parsers : null,
  }));
  return { fields: shown, limit: most };
}

async function detectedFieldValues(call: LokiCall): Promise<unknown> {
  const fields = await fieldsOf(call);
  if (fields instanceof LokiFault) return fields;
  return { values: fields.find(({ label }) => label === call.name)?.values ?? [], limit: 1000 };
}

const mostPatterns = 300;

/** Mined when they are asked for, over all lines of the range or an even sample of a million. */
async function patterns(call: LokiCall): Promise<unknown> {
  const found = selected(call);
  if (found instanceof LokiFault) return found;
  const step = readStep(call.form, 'step');
  if (!step.ok) return new LokiFault(400, step.error);
  const { fromNs, toNs } = found.scope.range;
  // At most some hundred points a pattern, however fine the step that was asked for.
  const least = Math.ceil(Number((toNs - fromNs) / 1_000_000n) / 400);
  const stepMs = Math.max(least, step.value ?? defaultStepMs(fromNs, toNs), 1000);
  const fromMs = Number(fromNs / 1_000_000n);
  const bounds = { fromMs, toMs: Number(toNs / 1_000_000n) + 1, logs: [found.query] };
  const mined = await limited(call, bounds, ({ reach }, signal) =>
    logqlPatterns(call.deps.store, found.scope, found.query, { stepMs, limit: mostPatterns, reach }, { signal }),
  );
  if (mined instanceof LokiFault) return mined;
  if ('tooMuch' in mined) return new LokiFault(400, tooMuchArchive(mined.tooMuch));
  const data = mined.patterns.map(({ template, trend, severity }) => ({
    pattern: template,
    level: severity === '' ? 'unknown' : severity,
    samples: trend.flatMap((count, bucket) =>
      count === 0 ? [] : [[Math.floor((fromMs + bucket * stepMs) / 1000), count]],
    ),
  }));
  return { status: 'success', data };
}

export const indexRoutes: readonly LokiRoute[] = [
  { path: '/labels', answer: labels },
  { path: '/label', answer: labels },
  { path: '/label/:name/values', answer: labelValues },
  { path: '/series', answer: series },
  { path: '/index/stats', answer: stats },
  { path: '/index/volume', answer: (call) => volume(call, false) },
  { path: '/index/volume_range', answer: (call) => volume(call, true) },
  { path: '/patterns', answer: patterns },
  { path: '/detected_labels', answer: detectedLabels },
  { path: '/detected_fields', answer: detectedFields },
  { path: '/detected_field/:name/values', answer: detectedFieldValues },
];

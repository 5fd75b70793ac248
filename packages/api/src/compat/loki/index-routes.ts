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
  type FromArchive,
  type IndexScope,
  type LogExpression,
} from '@sightline/query';
import { archiveWarnings } from '../../archive/far-reads.ts';
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

/** Runs a read of labels or volumes as far as its range reaches; answers it with its warnings. */
async function reading<T>(
  call: LokiCall,
  kind: string,
  scope: IndexScope,
  logs: readonly (LogExpression | undefined)[],
  read: (scope: IndexScope, signal: AbortSignal) => Promise<{ readonly value: T; readonly archive: FromArchive }>,
): Promise<{ readonly value: T; readonly warnings: string[] } | LokiFault> {
  const { fromNs, toNs } = scope.range;
  const asking = [call.form.get('query'), ...call.form.all('match[]'), ...call.form.all('match')].filter(
    (text) => text !== '',
  );
  const bounds = {
    fromMs: Number(fromNs / 1_000_000n),
    toMs: Number(toNs / 1_000_000n) + 1,
    logs: logs.map((log) => log ?? { matchers: [] }),
    text: `Loki ${kind} ${asking.join(' ')}`.trim().slice(0, 300),
    // Grafana asks for them with each view of a page.
    notedBy: 'day' as const,
  };
  const found = await limited(call, bounds, async (far, signal) => ({
    far,
    answer: await read({ ...scope, reach: far.reach }, signal),
  }));
  if (found instanceof LokiFault) return found;
  const { value, archive } = found.answer;
  return { value, warnings: archiveWarnings(found.far, archive) };
}

/** An answer as Loki's, with what was read of the archive where there is something to say. */
const success = (data: unknown, warnings: readonly string[]): unknown => ({
  status: 'success',
  data,
  ...(warnings.length > 0 ? { warnings } : {}),
});
const withWarnings = (answer: object, warnings: readonly string[]): unknown =>
  warnings.length > 0 ? { ...answer, warnings } : answer;

async function labels(call: LokiCall): Promise<unknown> {
  const found = asked(call, call.form.get('query'));
  if (found instanceof LokiFault) return found;
  const { scope, query } = found;
  const listed = await reading(call, 'labels', scope, [query], (own, signal) =>
    listLabels(call.deps.store, own, query, { signal }),
  );
  return listed instanceof LokiFault ? listed : success(listed.value, listed.warnings);
}

async function labelValues(call: LokiCall): Promise<unknown> {
  const found = asked(call, call.form.get('query'));
  if (found instanceof LokiFault) return found;
  const { scope, query } = found;
  const listed = await reading(call, `values of ${call.name}`, scope, [query], (own, signal) =>
    listLabelValues(call.deps.store, own, call.name, query, { signal }),
  );
  return listed instanceof LokiFault ? listed : success(listed.value, listed.warnings);
}

const mostSelectors = 20;

async function series(call: LokiCall): Promise<unknown> {
  const { form, deps } = call;
  const texts = [...form.all('match[]'), ...form.all('match')].slice(0, mostSelectors);
  const found = new Map<string, unknown>();
  const warnings = new Set<string>();
  for (const text of texts.length === 0 ? [''] : texts) {
    const one = asked(call, text);
    if (one instanceof LokiFault) return one;
    const listed = await reading(call, 'series', one.scope, [one.query], (own, signal) =>
      listStreams(deps.store, own, one.query, { signal }),
    );
    if (listed instanceof LokiFault) return listed;
    for (const stream of listed.value) found.set(labelKey(stream.labels), stream.labels);
    for (const warning of listed.warnings) warnings.add(warning);
  }
  return success([...found.values()], [...warnings]);
}

async function stats(call: LokiCall): Promise<unknown> {
  const found = selected(call);
  if (found instanceof LokiFault) return found;
  const counted = await reading(call, 'stats', found.scope, [found.query], (own, signal) =>
    indexStats(call.deps.store, own, found.query, { signal }),
  );
  return counted instanceof LokiFault ? counted : withWarnings(counted.value, counted.warnings);
}

async function volume(call: LokiCall, overTime: boolean): Promise<unknown> {
  const { form, deps } = call;
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
  const volumes = await reading(call, 'volume', found.scope, [found.query], (own, signal) =>
    indexVolume(deps.store, own, found.query, by, { signal }),
  );
  if (volumes instanceof LokiFault) return volumes;
  const fromMs = Number(fromNs / 1_000_000n);
  const result = volumes.value.map(({ labels: metric, points, bytes }) =>
    stepMs === undefined
      ? { metric, value: [Number(toNs / 1_000_000n) / 1000, String(bytes)] }
      : { metric, values: points.map(([bucket, size]) => [(fromMs + bucket * stepMs) / 1000, String(size)]) },
  );
  return success({ resultType: overTime ? 'matrix' : 'vector', result }, volumes.warnings);
}

async function detectedLabels(call: LokiCall): Promise<unknown> {
  const found = asked(call, call.form.get('query'));
  if (found instanceof LokiFault) return found;
  const streams = await reading(call, 'labels', found.scope, [found.query], (own, signal) =>
    listStreams(call.deps.store, own, found.query, { signal }),
  );
  if (streams instanceof LokiFault) return streams;
  const values = new Map<string, Set<string>>();
  for (const stream of streams.value) {
    for (const [label, value] of Object.entries(stream.labels)) {
      const known = values.get(label);
      if (known) known.add(value);
      else values.set(label, new Set([value]));
    }
  }
  const detected = [...values].map(([label, known]) => ({ label, cardinality: known.size }));
  return withWarnings({ detectedLabels: detected }, streams.warnings);
}

async function fieldsOf(
  call: LokiCall,
): Promise<{ readonly value: DetectedField[]; readonly warnings: string[] } | LokiFault> {
  const found = selected(call);
  if (found instanceof LokiFault) return found;
  const lines = Number(call.form.get('line_limit') || 1000);
  if (!Number.isInteger(lines) || lines < 1) return new LokiFault(400, 'line_limit must be a positive value');
  const { range, ...scope } = found.scope;
  const limit = Math.min(lines, mostEntries);
  return reading(call, 'fields', found.scope, [found.query], async ({ reach }, signal) => {
    const asking = { ...scope, query: found.query, range, direction: 'backward', limit, reach } as const;
    const { entries, reached } = await runLogQuery(call.deps.store, asking, { signal });
    return {
      value: detectFields(entries),
      archive: { bytes: reached?.archivedBytes ?? 0, missing: reached?.missing ?? [] },
    };
  });
}

async function detectedFields(call: LokiCall): Promise<unknown> {
  const limit = readLimit(call.form);
  if (!limit.ok) return new LokiFault(400, limit.error);
  const most = call.form.get('limit') === '' ? 1000 : limit.value;
  const fields = await fieldsOf(call);
  if (fields instanceof LokiFault) return fields;
  const shown = fields.value.slice(0, most).map(({ values: _values, parsers, ...field }) => ({
    ...field,
    parsers: parsers.length > 0 ? parsers : null,
  }));
  return withWarnings({ fields: shown, limit: most }, fields.warnings);
}

async function detectedFieldValues(call: LokiCall): Promise<unknown> {
  const fields = await fieldsOf(call);
  if (fields instanceof LokiFault) return fields;
  const { values = [] } = fields.value.find(({ label }) => label === call.name) ?? {};
  return withWarnings({ values, limit: 1000 }, fields.warnings);
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

import {
  logsOfMetric,
  parseLogql,
  printLogql,
  runLogQuery,
  runMetricQuery,
  siteFits,
  type LogExpression,
  type LogqlQuery,
} from '@sightline/query';
import { archiveWarnings, readingFar, type Far } from '../../archive/far-reads.ts';
import { ApiFault } from '../prometheus/fault.ts';
import { Pieces } from '../prometheus/reply.ts';
import { valuePieces } from '../prometheus/write-value.ts';
import { LokiFault, type LokiCall, type LokiRoute } from './call.ts';
import { defaultStepMs, readDirection, readLimit, readRange, readStep, timeNs } from './parameters.ts';
import { statsBlock, streamsOf, thinned } from './replies.ts';

const queryTimeoutMs = 60_000;

/** Runs a read when there is room, under the time limit, as far as its range reaches. */
export async function limited<T>(
  { gate, scope, signal, deps, form, actor, archive }: LokiCall,
  {
    fromMs,
    toMs,
    logs,
    ...noted
  }: {
    readonly fromMs: number;
    readonly toMs: number;
    readonly logs: readonly Pick<LogExpression, 'matchers'>[];
    /** For the audit trail, where it is not the query. */
    readonly text?: string;
    readonly notedBy?: 'range' | 'day';
  },
  read: (far: Far, signal: AbortSignal) => Promise<T>,
): Promise<T | LokiFault> {
  const question = {
    ...scope,
    actor,
    fromMs,
    toMs,
    text: `LogQL ${form.get('query').slice(0, 300)}`,
    ...noted,
    siteFits: (site: string) => logs.some(({ matchers }) => siteFits(matchers, site)),
  };
  const found = await gate.run(scope.organisation, { gone: signal, limitMs: queryTimeoutMs }, (own) =>
    readingFar(question, { deps, signal: own, asked: archive }, read),
  );
  return found instanceof ApiFault ? new LokiFault(found.status, found.message) : found;
}

async function runMetric(
  call: LokiCall,
  query: Exclude<LogqlQuery, { kind: 'log' }>,
  at: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
): Promise<unknown> {
  const began = performance.now();
  const { deps, scope } = call;
  const found = await limited(call, logsOfMetric(query, at.startMs, at.endMs), async (far, signal) => ({
    far,
    answer: await runMetricQuery(deps.store, { ...scope, query, ...at, reach: far.reach }, { signal }),
  }));
  if (found instanceof LokiFault) return found;
  const { far, answer } = found;
  if (!answer.ok) {
    const { kind, message } = answer.error;
    const status = kind === 'bad_data' || kind === 'execution' ? 400 : new ApiFault(kind, '').status;
    return new LokiFault(status, message);
  }
  const { value, lines, bytes, archive } = answer.value;
  const returned = value.type === 'matrix' ? value.series.length : value.type === 'vector' ? value.samples.length : 1;
  const stats = statsBlock({
    lines,
    bytes,
    returned,
    seconds: (performance.now() - began) / 1000,
    archive: { files: archive.bytes > 0 ? (far.cost?.files ?? 0) : 0, bytes: archive.bytes },
  });
  return new Pieces(envelope(valuePieces(value, `,"stats":${JSON.stringify(stats)}`), archiveWarnings(far, archive)));
}

function* envelope(pieces: Iterable<string | Uint8Array>, warnings: readonly string[]): Generator<string | Uint8Array> {
  yield '{"status":"success","data":';
  yield* pieces;
  yield warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings)}}` : '}';
}

async function queryRange(call: LokiCall): Promise<unknown> {
  const { deps, form, scope, categorize } = call;
  const parsed = parseLogql(form.get('query'));
  if (!parsed.ok) return new LokiFault(400, parsed.error.message);
  const [range, limit, direction, step, interval] = [
    readRange(form, deps.clock.now()),
    readLimit(form),
    readDirection(form),
    readStep(form, 'step'),
    readStep(form, 'interval'),
  ];
  for (const read of [range, limit, direction, step, interval]) if (!read.ok) return new LokiFault(400, read.error);
  if (!range.ok || !limit.ok || !direction.ok || !step.ok || !interval.ok) return undefined;
  const { fromNs, toNs } = range.value;
  const query = parsed.value;
  if (query.kind !== 'log') {
    const stepMs = step.value ?? defaultStepMs(fromNs, toNs);
    return runMetric(call, query, { startMs: Number(fromNs / 1_000_000n), endMs: Number(toNs / 1_000_000n), stepMs });
  }
  const began = performance.now();
  const asked = { ...scope, query, range: range.value, direction: direction.value, limit: limit.value };
  const bounds = { fromMs: Number(fromNs / 1_000_000n), toMs: Number(toNs / 1_000_000n) + 1, logs: [query] };
  const answered = await limited(call, bounds, async (far, signal) => ({
    far,
    found: await runLogQuery(deps.store, { ...asked, reach: far.reach }, { signal }),
  }));
  if (answered instanceof LokiFault) return answered;
  const { far, found } = answered;
  const archive = {
    bytes: found.reached?.archivedBytes ?? 0,
    missing: found.reached?.missing ?? [],
    // A full page needs no more.
    done: found.reached === undefined || found.reached.done || found.entries.length >= limit.value,
  };
  const entries = thinned(found.entries, interval.value);
  const stats = statsBlock({
    lines: found.lines,
    bytes: found.bytes,
    returned: entries.length,
    seconds: (performance.now() - began) / 1000,
    archive: { files: archive.bytes > 0 ? (far.cost?.files ?? 0) : 0, bytes: archive.bytes },
  });
  const warnings = [
    ...(found.cut
      ? [
          'the search ended before its range: the lines that it may look at outside the engine are bounded; add a line filter',
        ]
      : []),
    ...archiveWarnings(far, { ...archive, done: archive.done || found.cut }),
  ];
  return {
    status: 'success',
    data: {
      resultType: 'streams',
      ...(categorize ? { encodingFlags: ['categorize-labels'] } : {}),
      result: streamsOf(entries, categorize),
      stats,
    },
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

async function queryInstant(call: LokiCall): Promise<unknown> {
  const { deps, form } = call;
  const parsed = parseLogql(form.get('query'));
  if (!parsed.ok) return new LokiFault(400, parsed.error.message);
  if (parsed.value.kind === 'log')
    return new LokiFault(
      400,
      'log queries are not supported as an instant query type, please change your query to a range query type',
    );
  const time = form.get('time');
  const ns = time === '' ? BigInt(Math.trunc(deps.clock.now())) * 1_000_000n : timeNs(time);
  if (ns === undefined) return new LokiFault(400, `could not parse 'time' parameter: ${JSON.stringify(time)}`);
  const atMs = Number(ns / 1_000_000n);
  return runMetric(call, parsed.value, { startMs: atMs, endMs: atMs, stepMs: 0 });
}

function formatQuery({ form }: LokiCall): Promise<unknown> {
  const parsed = parseLogql(form.get('query'));
  if (!parsed.ok) return Promise.resolve(new LokiFault(400, parsed.error.message));
  return Promise.resolve({ status: 'success', data: printLogql(parsed.value) });
}

export const queryRoutes: readonly LokiRoute[] = [
  { path: '/query_range', answer: queryRange },
  { path: '/query', answer: queryInstant },
  { path: '/format_query', answer: formatQuery },
];

import { aggregators, binaryOperators, functions } from '@sightline/query/promql';
import os from 'node:os';
import { type Answer, type Call, get, type PrometheusRoute } from './call.ts';
import { ApiFault, badData } from './fault.ts';
import { countOf } from './parameters.ts';
import { queryTimeoutMs } from './query-routes.ts';

/** The Prometheus whose language and API this is; clients ask before they use what is new. */
const prometheusVersion = '3.14.0';
const startedAt = new Date().toISOString();
const statisticLimit = 10_000;

const flags: Readonly<Record<string, string>> = {
  'enable-feature':
    'promql-experimental-functions,promql-duration-expr,promql-extended-range-selectors,exemplar-storage',
  'query.lookback-delta': '5m',
  'query.timeout': `${queryTimeoutMs / 60_000}m`,
  'web.enable-admin-api': 'false',
  'web.enable-lifecycle': 'true',
  'web.enable-remote-write-receiver': 'true',
};

/** All of PromQL is on. */
function features(): Record<string, Record<string, boolean>> {
  const on = (names: Iterable<string>): Record<string, boolean> =>
    Object.fromEntries([...names].sort().map((name) => [name, true]));
  return {
    api: { ...on(['remote_write_receiver']), admin: false, lifecycle: true },
    promql: on(
      (
        'anchored at_modifier bool by duration_expr fill fill_left fill_right group_left group_right ignoring ' +
        'negative_offset offset on per_query_lookback_delta smoothed subqueries without'
      ).split(' '),
    ),
    promql_functions: on(functions.keys()),
    promql_operators: on([...binaryOperators, ...aggregators, '=~', '!~', '@']),
    tsdb: on(['exemplar_storage', 'native_histograms']),
  };
}

export const statusRoutes: readonly PrometheusRoute[] = [
  get('/status/config', async ({ deps, asker }) => {
    const yaml = asker.site === '' ? await deps.targetReader?.configuration(asker.organisation, '') : '';
    return { data: { yaml: yaml || '# Sightline scrapes nothing for this organisation.\n' } };
  }),
  get('/status/flags', () => ({ data: flags })),
  get('/status/runtimeinfo', ({ deps }) => ({
    data: {
      startTime: startedAt,
      CWD: '',
      hostname: '',
      serverTime: new Date(deps.clock.now()).toISOString(),
      reloadConfigSuccess: deps.fileReload?.last().successful ?? true,
      lastConfigTime: deps.fileReload ? new Date(deps.fileReload.last().atMs).toISOString() : startedAt,
      corruptionCount: 0,
      goroutineCount: 0,
      GOMAXPROCS: os.availableParallelism(),
      GOMEMLIMIT: 0,
      GOGC: '',
      GODEBUG: '',
      storageRetention: '',
    },
  })),
  get('/status/buildinfo', ({ deps }) => ({
    data: {
      version: prometheusVersion,
      revision: `sightline-${deps.settings.version}`,
      branch: '',
      buildUser: '',
      buildDate: '',
      goVersion: '',
    },
  })),
  get('/status/tsdb', answerStatistics),
  get('/status/walreplay', () => ({ data: { min: 0, max: 0, current: 0 } })),
  get('/features', () => ({ data: features() })),
  get('/notifications', () => ({ data: [] })),
];

async function answerStatistics(call: Call): Promise<Answer> {
  const { form, asker } = call;
  const { metrics: engine } = call.deps.store;
  if (asker.site !== '') return new ApiFault('forbidden', `this key is bound to ${asker.site}; it sees no other sites`);
  const given = countOf(form, 'limit');
  if (given instanceof ApiFault || (form.get('limit') !== '' && given < 1)) {
    return badData('limit must be a positive number');
  }
  if (given > statisticLimit) return badData(`limit must not exceed ${statisticLimit}`);
  const limit = given < 0 ? 10 : given;
  const found = await engine.statistics(asker.organisation);
  const counted = (rows: readonly (readonly [string, number])[]): unknown[] =>
    rows.slice(0, limit).map(([name, value]) => ({ name, value }));
  return {
    data: {
      headStats: {
        numSeries: found.series,
        numLabelPairs: found.pairs,
        chunkCount: 0,
        minTime: found.minTimeMs,
        maxTime: found.maxTimeMs,
      },
      seriesCountByMetricName: counted(found.byMetric),
      labelValueCountByLabelName: counted(found.byLabel),
      memoryInBytesByLabelName: counted(found.bytesByLabel),
      seriesCountByLabelValuePair: counted(found.byPair),
    },
  };
}

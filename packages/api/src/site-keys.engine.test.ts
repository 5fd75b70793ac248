import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { openControl, type Control } from '@sightline/control';
import { createFunctions } from '@sightline/ingest';
import { InMemoryEngine } from '@sightline/query/promql/testing';
import { openRespond } from '@sightline/respond';
import { openDiskBlobs, type TelemetryStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerApi } from './register-api.ts';

const minuteMs = 60_000;
const now = Math.floor(Date.now() / minuteMs) * minuteMs;
/** Every text of a record of a site is the site's name. */
const [here, elsewhere] = ['HERE', 'ELSEWHERE'];
const hex = (text: string, digits: number): string => createHash('md5').update(text).digest('hex').slice(0, digits);
const sharedTrace = hex('shared', 32);
const traceOf = (site: string): string => hex(`trace of ${site}`, 32);

let folder: string;
let store: TelemetryStore;
let control: Control;
let app: FastifyInstance;
const keys = { site: '', all: '' };
const gets = new Set<string>();
const samples = new InMemoryEngine();

/** One record of each kind at a site; a trace that both sites have a part of, and one of its own. */
async function fill(organisation: string, site: string): Promise<void> {
  const at = 'fromUnixTimestamp64Milli({at:Int64})';
  const common = `{o:String} AS organisation, {s:String} AS site, {s:String} AS service, {s:String} AS release`;
  const span = (trace: string, kind: number, parent: string): string =>
    `INSERT INTO spans (organisation, site, service, release, environment, device, ts, received_at, kind, status_code, status_message, duration_ns, trace_id, span_id, parent_id, name, call, peer, statement, action, attrs, res)
      SELECT ${common}, 'production', {s:String}, ${at}, ${at}, ${kind}, 2, {s:String}, 1000000, unhex('${trace}'), unhex('${hex(`${site} ${kind} ${trace}`, 16)}'), unhex('${parent}'), {s:String},
        ${kind === 3 ? `'db', {s:String}, {s:String}, {s:String}` : `'', '', '', ''`}, map({s:String}, {s:String}, 'http.method', {s:String}), map({s:String}, {s:String}, 'service.name', {s:String})`;
  const root = hex(`${elsewhere} 2 ${sharedTrace}`, 16);
  const own = hex(`${site} 2 ${traceOf(site)}`, 16);
  const statements = [
    span(traceOf(site), 2, '0000000000000000'),
    span(traceOf(site), 3, own),
    span(sharedTrace, 2, site === elsewhere ? '0000000000000000' : root),
    span(sharedTrace, 3, root),
    `INSERT INTO logs (organisation, site, service, release, environment, device, ts, received_at, severity, body, attrs, res, scope_name)
      SELECT ${common}, 'production', {s:String}, ${at}, ${at}, 17, concat('{"', {s:String}, '": "', {s:String}, '"}'), map({s:String}, {s:String}), map({s:String}, {s:String}), 'loki'`,
    `INSERT INTO errors (organisation, site, service, release, environment, project, ts, received_at, event_id, issue, severity, type, message, culprit)
      SELECT ${common}, 'production', 1, ${at}, ${at}, {s:String}, 255, 17, {s:String}, {s:String}, {s:String}`,
    `INSERT INTO sessions (organisation, site, service, release, environment, ts, received_at, status, sessions) SELECT ${common}, 'production', ${at}, ${at}, 'exited', 3`,
    `INSERT INTO feedback (organisation, site, service, environment, ts, event_id, name, message)
      SELECT {o:String}, {s:String}, {s:String}, 'production', ${at}, {s:String}, {s:String}, {s:String}`,
    `INSERT INTO replays (organisation, site, service, environment, ts, started_at, replay_id, user_id)
      SELECT {o:String}, {s:String}, {s:String}, 'production', ${at}, ${at}, '${hex(site, 32)}', {s:String}`,
    `INSERT INTO edges (organisation, minute, caller, callee, message, peer, environment, bucket, calls, errors, duration_ns, lag_ns)
      SELECT {o:String}, toDateTime(${at}), {s:String}, 'ELSEWHERE', 0, '', 'production', 100, 7, 0, 1, 0`,
  ];
  for (const statement of statements)
    await store.execute(
      statement,
      { o: organisation, s: site, at: now - 5 * minuteMs },
      { settings: { insert_deduplicate: 0 } },
    );
  samples.add(organisation, `metric_of_${site}`, { site, service: site, [site]: site }, [[now - minuteMs, 1]]);
  samples.add(organisation, 'common', { site, service: site, le: site }, [[now - minuteMs, 1]]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sightline-sites-'));
  [store, control] = await Promise.all([
    openMigratedStore(folder),
    openControl({ dataFolder: folder, logger: silentLogger, clock: systemClock }),
  ]);
  await createFunctions(store);
  const made = await control.organisations.ensure('Acme');
  if (!made.ok) throw new Error(made.error.message);
  const organisation = made.value.id;
  for (const [name, site] of [
    ['site', here],
    ['all', ''],
  ] as const) {
    const key = await control.keys.create(organisation, { name, permissions: ['query'], site }, 'test');
    if (!key.ok) throw new Error(key.error.message);
    keys[name] = key.value.secret;
  }
  for (const site of [here, elsewhere]) await fill(organisation, site);
  const respond = openRespond({ control, clock: systemClock, logger: silentLogger });
  for (const site of [here, elsewhere]) {
    await respond.accept([
      {
        organisation,
        source: 'rule',
        sourceId: `rul_${site}`,
        state: 'firing',
        severity: 'high',
        title: site,
        summary: site,
        labels: { site },
        annotations: {},
        value: 31,
        threshold: 10,
        unit: '%',
        link: '',
        sinceMs: now,
        atMs: now,
        expiresAtMs: null,
        policy: '',
        runbook: '',
      },
    ]);
    const silence = {
      matchers: [{ name: 'site', value: site, isRegex: false, isEqual: true }],
      startsAt: now,
      endsAt: now + 3_600_000,
      comment: site,
    };
    await control.alerting.silences.create(organisation, silence, 'test');
  }
  app = Fastify();
  app.addHook('onRoute', ({ method, url }) => {
    if ([method].flat().includes('GET')) gets.add(url);
  });
  await registerApi(app, {
    store: { ...store, metrics: samples },
    control,
    respond,
    clock: systemClock,
    logger: silentLogger,
    files: {
      blobs: await openDiskBlobs({ folder: join(folder, 'blobs'), clock: systemClock, logger: silentLogger }),
      sourceMaps: { resolve: async () => [] },
    },
    settings: { publicUrl: 'https://sight.example', version: '0', demo: false, checkReplies: true },
    ingest: { status: () => ({ lagMs: 7, spoolBytes: 1, spoolLimitBytes: 2, waitingRecords: 3 }) },
    health: async () => ({ status: 'healthy', version: '0', uptimeS: 1, components: [] }),
    metrics: () => `sightline_x{site="${elsewhere}"} 1\n`,
  });
  await app.ready();
});
afterAll(async () => {
  await app?.close();
  await Promise.all([store?.close(), control?.close()]);
  await rm(folder, { recursive: true, force: true });
});

const get = async (url: string, key: keyof typeof keys = 'site') => {
  const reply = await app.inject({ url, headers: { authorization: `Bearer ${keys[key]}` } });
  return { status: reply.statusCode, text: reply.body };
};

// What is set up here happens at the time of the run, which a busy machine draws out.
const range = `from=${now - 60 * minuteMs}&to=${now + 10 * minuteMs}`;
const seconds = `start=${now / 1000 - 3600}&end=${now / 1000 + 60}`;
const nanoseconds = `start=${now - 3_600_000}000000&end=${now + 60_000}000000`;
const q = encodeURIComponent;
const rfc3339 = (ms: number): string => q(new Date(ms).toISOString());
const times = `query.startTimeMin=${rfc3339(now - 60 * minuteMs)}&query.startTimeMax=${rfc3339(now + 10 * minuteMs)}`;
const plainTimes = times.replace('query.startTimeMin', 'startTime').replace('query.startTimeMax', 'endTime');

/** `shows` is what a key of one site reads there; what it must never read holds for all of them. */
const reads: readonly [url: string, shows: 'its own' | 'nothing'][] = [
  [`/jaeger/api/services`, 'its own'],
  [`/jaeger/api/services/${here}/operations`, 'its own'],
  [`/jaeger/api/services/${elsewhere}/operations`, 'nothing'],
  [`/jaeger/api/operations?service=${here}`, 'its own'],
  [`/jaeger/api/traces?service=${here}`, 'its own'],
  [`/jaeger/api/traces?service=${elsewhere}`, 'nothing'],
  [`/jaeger/api/traces?traceID=${traceOf(here)}&traceID=${traceOf(elsewhere)}&traceID=${sharedTrace}`, 'its own'],
  [`/jaeger/api/traces/${sharedTrace}`, 'its own'],
  [`/jaeger/api/traces/${traceOf(elsewhere)}`, 'nothing'],
  [`/jaeger/api/dependencies?lookback=3600000`, 'nothing'],
  [`/jaeger/api/metrics/calls?service=${here}&service=${elsewhere}&groupByOperation=true`, 'its own'],
  [`/jaeger/api/metrics/errors?service=${here}&service=${elsewhere}`, 'its own'],
  [`/jaeger/api/metrics/latencies?service=${here}&service=${elsewhere}&quantile=0.9`, 'its own'],
  [`/jaeger/api/v3/services`, 'its own'],
  [`/jaeger/api/v3/operations?service=${here}`, 'its own'],
  [`/jaeger/api/v3/operations?service=${elsewhere}`, 'nothing'],
  [`/jaeger/api/v3/traces?${times}&query.serviceName=${here}`, 'its own'],
  [`/jaeger/api/v3/traces?${times}&query.serviceName=${elsewhere}`, 'nothing'],
  [`/jaeger/api/v3/traces/${sharedTrace}`, 'its own'],
  [`/jaeger/api/v3/traces/${traceOf(elsewhere)}`, 'nothing'],
  [`/jaeger/api/v3/dependencies?${plainTimes}`, 'nothing'],
  [`/zipkin/api/v2/services`, 'its own'],
  [`/zipkin/api/v2/spans?serviceName=${here}`, 'its own'],
  [`/zipkin/api/v2/spans?serviceName=${elsewhere}`, 'nothing'],
  [`/zipkin/api/v2/remoteServices?serviceName=${elsewhere}`, 'nothing'],
  [`/zipkin/api/v2/traces?serviceName=${here}`, 'its own'],
  [`/zipkin/api/v2/traces?serviceName=${elsewhere}`, 'nothing'],
  [`/zipkin/api/v2/trace/${sharedTrace}`, 'its own'],
  [`/zipkin/api/v2/trace/${traceOf(elsewhere)}`, 'nothing'],
  [`/zipkin/api/v2/traceMany?traceIds=${traceOf(here)},${traceOf(elsewhere)}`, 'its own'],
  [`/zipkin/api/v2/dependencies?lookback=3600000`, 'nothing'],
  [`/zipkin/api/v2/autocompleteKeys`, 'its own'],
  [`/zipkin/api/v2/autocompleteValues?key=http.method`, 'its own'],
  [`/tempo/api/traces/${sharedTrace}`, 'its own'],
  [`/tempo/api/v2/traces/${sharedTrace}`, 'its own'],
  [`/tempo/api/traces/${traceOf(elsewhere)}`, 'nothing'],
  [`/tempo/api/search?${seconds}&q=${q('{}')}`, 'its own'],
  [`/tempo/api/search?${seconds}&q=${q('{status=error} >> {status=error}')}`, 'its own'],
  [`/tempo/api/search?${seconds}&q=${q('{} | select(rootName, rootServiceName, .http.method)')}`, 'its own'],
  [`/tempo/api/search/tags?${seconds}`, 'its own'],
  [`/tempo/api/v2/search/tags?${seconds}`, 'its own'],
  [`/tempo/api/search/tag/name/values?${seconds}`, 'its own'],
  [`/tempo/api/v2/search/tag/.http.method/values?${seconds}`, 'its own'],
  [`/tempo/api/v2/search/tag/resource.service.name/values?${seconds}`, 'its own'],
  [`/tempo/api/metrics/query_range?${seconds}&step=60s&q=${q('{} | rate() by (resource.service.name)')}`, 'its own'],
  [`/tempo/api/metrics/query?${seconds}&q=${q('{} | count_over_time() by (name)')}`, 'its own'],
  [`/tempo/api/metrics/query?${seconds}&q=${q('{} | compare({status=error})')}`, 'its own'],
  [`/loki/api/v1/query_range?${nanoseconds}&query=${q('{service_name=~".+"}')}`, 'its own'],
  [
    `/loki/api/v1/query_range?${nanoseconds}&query=${q('sum by (site) (count_over_time({service_name=~".+"}[1h]))')}`,
    'its own',
  ],
  [
    `/loki/api/v1/query?time=${now}000000&query=${q('sum by (site, service_name) (count_over_time({service_name=~".+"}[1h]))')}`,
    'its own',
  ],
  [`/loki/api/v1/labels?${nanoseconds}`, 'its own'],
  [`/loki/api/v1/label?${nanoseconds}`, 'its own'],
  [`/loki/api/v1/label/site/values?${nanoseconds}`, 'its own'],
  [`/loki/api/v1/label/service_name/values?${nanoseconds}`, 'its own'],
  [`/loki/api/v1/series?${nanoseconds}&match[]=${q('{service_name=~".+"}')}`, 'its own'],
  [`/loki/api/v1/index/volume?${nanoseconds}&query=${q('{service_name=~".+"}')}`, 'its own'],
  [`/loki/api/v1/index/volume_range?${nanoseconds}&query=${q('{service_name=~".+"}')}`, 'its own'],
  [`/loki/api/v1/patterns?${nanoseconds}&query=${q('{service_name=~".+"}')}`, 'its own'],
  [`/loki/api/v1/detected_labels?${nanoseconds}`, 'its own'],
  [`/loki/api/v1/detected_fields?${nanoseconds}&query=${q('{service_name=~".+"}')}`, 'its own'],
  [`/loki/api/v1/detected_field/${elsewhere}/values?${nanoseconds}&query=${q('{service_name=~".+"}')}`, 'nothing'],
  [`/elasticsearch/_search`, 'its own'],
  [`/elasticsearch/_async_search`, 'its own'],
  [`/elasticsearch/_mapping`, 'its own'],
  [`/elasticsearch/_field_caps?fields=*`, 'its own'],
  [`/prometheus/api/v1/query?query=common`, 'its own'],
  [`/prometheus/api/v1/query_range?${seconds}&step=60&query=common`, 'its own'],
  [`/prometheus/api/v1/series?match[]=common`, 'its own'],
  [`/prometheus/api/v1/labels`, 'its own'],
  [`/prometheus/api/v1/label/site/values`, 'its own'],
  [`/prometheus/api/v1/label/__name__/values`, 'its own'],
  [`/alertmanager/api/v2/alerts`, 'its own'],
  [`/alertmanager/api/v2/alerts/groups`, 'its own'],
  [`/alertmanager/api/v2/silences`, 'its own'],
  [`/api/v1/incidents`, 'its own'],
  [`/api/v1/incident-spans?${range}`, 'its own'],
  [`/api/v1/issues?${range}`, 'its own'],
  [`/api/v1/issues?${range}&q=${here}`, 'its own'],
  [`/api/v1/releases?${range}`, 'its own'],
  [`/api/v1/releases/${here}?${range}`, 'its own'],
  [`/api/v1/feedback?${range}`, 'its own'],
  [`/api/v1/feedback/${here}`, 'its own'],
  [`/api/v1/feedback/${elsewhere}`, 'nothing'],
  [`/api/v1/replays?${range}`, 'its own'],
  [`/api/v1/metrics?${range}`, 'its own'],
  [`/api/v1/metrics/common/labels?${range}`, 'its own'],
  [`/api/v1/metrics/common/series?${range}&by=site`, 'its own'],
  [`/api/v1/metrics/names?${range}`, 'its own'],
  [`/api/v1/metrics/label-names?${range}`, 'its own'],
  [`/api/v1/metrics/label-values?${range}&label=site`, 'its own'],
  [`/api/v1/logs?${range}`, 'its own'],
  [`/api/v1/logs/patterns?${range}`, 'its own'],
  [`/api/v1/logs/facets?${range}`, 'its own'],
  [`/api/v1/logs/found-fields?${range}`, 'its own'],
  [`/api/v1/logs/fields?${range}`, 'its own'],
  [`/api/v1/logs/fields?${range}&field=service`, 'its own'],
  [`/api/v1/logs/export?${range}`, 'its own'],
  [`/api/v1/traces?${range}`, 'its own'],
  [`/api/v1/traces?${range}&sort=slowest`, 'its own'],
  [`/api/v1/services?${range}`, 'its own'],
  [`/api/v1/traceql?${range}&q=${q('{} | select(rootName, .http.method)')}`, 'its own'],
  [`/api/v1/traceql?${range}&q=${q('{} | rate() by (resource.service.name)')}`, 'its own'],
  [`/api/v1/logql?${range}&q=${q('{service_name=~".+"}')}`, 'its own'],
  [`/api/v1/traces/operations?${range}`, 'its own'],
  [`/api/v1/traces/map?${range}`, 'its own'],
  [`/api/v1/traces/map/examples?${range}&caller=${here}&callee=${here}`, 'its own'],
  [`/api/v1/traces/map/examples?${range}&caller=${elsewhere}&callee=${here}`, 'nothing'],
  [`/api/v1/traces/calls?${range}&call=db`, 'its own'],
  [`/api/v1/traces/calls/detail?${range}&call=db`, 'its own'],
  [`/api/v1/traces/examples?${range}&minMs=0&maxMs=10000`, 'its own'],
];

describe('a key that is bound to a site', () => {
  it.each(reads)('%s shows %s', async (url, shows) => {
    const { status, text } = await get(url);
    if (shows === 'its own') {
      expect(status, text).toBe(200);
      // Protobuf's JSON has ids in base64; texts are as they are.
      expect(text).toContain(here);
    }
    expect(text.replaceAll(q(url), '')).not.toContain(elsewhere);
    for (const id of [traceOf(elsewhere), hex(`${elsewhere} 2 ${traceOf(elsewhere)}`, 16)])
      expect(text).not.toContain(id);
  });

  it('has a row for each of them that shows more to others', async () => {
    const rows = await Promise.all(reads.filter(([, shows]) => shows === 'its own').map(([url]) => get(url, 'all')));
    const alike = reads.filter(([, shows]) => shows === 'its own').filter((_, i) => !rows[i]?.text.includes(elsewhere));
    expect(alike.map(([url]) => url).filter((url) => !url.includes(`/${here}`) && !url.includes(`=${here}`))).toEqual(
      [],
    );
  });

  it.each([
    '/jaeger/api/traces/',
    '/jaeger/api/v3/traces/',
    '/zipkin/api/v2/trace/',
    '/tempo/api/traces/',
    '/tempo/api/v2/traces/',
  ])('%s: a trace of another site is not there, of a shared one its own spans are', async (path) => {
    expect((await get(path + traceOf(elsewhere))).status).toBe(404);
    expect((await get(path + traceOf(elsewhere), 'all')).text).toContain(elsewhere);
    expect((await get(path + sharedTrace, 'all')).text).toContain(elsewhere);
  });

  it('reads nothing of another site with any call there is', async () => {
    const parameter: Readonly<Record<string, string>> = {
      ':code': elsewhere,
      ':site': elsewhere,
      ':issue': '00000000000000ff',
      ':replay': hex(elsewhere, 32),
      ':release': elsewhere,
      ':metric': 'common',
      ':service': elsewhere,
      ':number': '2',
      ':tag': 'name',
      ':event': elsewhere,
      ':index': '*',
      ':org': 'acme',
    };
    const faults: string[] = [];
    for (const url of gets) {
      if (url.includes('*') || url.includes('/tail')) continue;
      const filled = url.replaceAll(
        /:[a-z]+/g,
        (name) => parameter[name] ?? (name === ':id' ? traceOf(elsewhere) : 'x'),
      );
      const { status, text } = await get(
        `${filled}?${range}&${seconds}&query=common&match[]=common&q=&service=${here}&site=&call=db&step=60&quantile=0.5`,
      );
      if (status >= 500 && status !== 503) faults.push(`${status} ${url} ${text.slice(0, 200)}`);
      // A refusal may say again what was asked for.
      if (status === 200 && text.includes(elsewhere)) faults.push(`${url} ${text.slice(0, 200)}`);
    }
    expect(gets.size).toBeGreaterThan(100);
    expect(faults).toEqual([]);
  });

  it('changes feedback of its site, and finds no other to change', async () => {
    const organisation = await control.organisations.ensure('Acme');
    if (!organisation.ok) throw new Error(organisation.error.message);
    const acme = organisation.value.id;
    const made = await control.keys.create(acme, { name: 'acts', permissions: ['operate'], site: here }, 'test');
    if (!made.ok) throw new Error(made.error.message);
    const post = (url: string, payload: object) =>
      app.inject({ method: 'POST', url, payload, headers: { authorization: `Bearer ${made.value.secret}` } });
    const both = { feedback: [here, elsewhere], change: { status: 'spam' } };
    expect((await post('/api/v1/feedback/changes', both)).json()).toEqual({ changed: 1 });
    expect([...(await control.feedback.list(acme, [here, elsewhere])).keys()]).toEqual([here]);
    expect((await post(`/api/v1/feedback/${elsewhere}/comments`, { text: 'x' })).statusCode).toBe(404);
    expect((await post(`/api/v1/feedback/${here}/comments`, { text: 'x' })).statusCode).toBe(200);
    await control.feedback.change(acme, [{ id: here, at: now }], { status: 'unresolved' }, 'test');
  });

  it('leaves calls about whole traces to keys of no site', async () => {
    const { status, text } = await get(`/api/v1/traces/${sharedTrace}/beside?${range}`, 'all');
    expect([status, text]).toEqual([200, '{"replays":[],"exemplars":[],"cut":false}']);
  });

  it.each([
    '/metrics',
    '/health/detailed',
    `/api/v1/traces/${sharedTrace}`,
    `/api/v1/traces/${sharedTrace}/analysis`,
    `/api/v1/traces/${sharedTrace}/otlp`,
    `/api/v1/traces/${sharedTrace}/beside?${range}`,
    `/api/v1/traces/compare?left=${sharedTrace}&right=${sharedTrace}`,
    `/api/v1/issues?${range}&site=${elsewhere}`,
  ])('%s is refused', async (url) => expect((await get(url)).status).toBe(403));
});

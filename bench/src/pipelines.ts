import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import {
  CachedPipelineBook,
  createLedger,
  LogsRequestBuilder,
  openSpool,
  protocols,
  startLoader,
  type MetricTarget,
} from '@sightline/ingest';
import { compilePipelines } from '@sightline/query';
import { exactlyOnceSettings, migrate, openEmbeddedStore } from '@sightline/store';
import { usageOf } from './process-tree.ts';

type Pipelines = Parameters<typeof compilePipelines>[0];
type Step = Pipelines[number]['steps'][number];

const all = { when: '' };
const grok: Step = { ...all, kind: 'parse', from: '', format: 'grok', pattern: '%{NGINXACCESS}', prefix: '' };

/** One organisation for each, that nothing but its pipeline tells from the others. */
const organisations: Readonly<Record<string, readonly Step[]>> = {
  'no pipeline': [],
  'one step that fits nothing': [{ when: 'exists:nothing', kind: 'drop' }],
  'ten steps that fit nothing': Array.from({ length: 10 }, () => ({
    when: 'exists:nothing',
    kind: 'set' as const,
    attribute: 'a',
    value: 'b',
  })),
  'parse by grok': [grok],
  'grok, two metrics, one in ten kept': [
    grok,
    { ...all, kind: 'metric', metric: 'requests', measure: 'count', of: '', labels: ['http.response.status_code'] },
    { ...all, kind: 'metric', metric: 'size', measure: 'distribution', of: 'http.response.body.size', labels: [] },
    { ...all, kind: 'sample', share: 0.1, by: '' },
  ],
};

/** Takes samples and forgets them: the metric store's own price is measured elsewhere. */
const forgetful: MetricTarget = { load: async () => ({ entries: [], culprits: [], readBytes: 0 }) };

interface PipelineFigures {
  readonly pipeline: string;
  /** Processor time of loading, all processes; of a hundred records, which is planning, and of `records` for each. */
  readonly 'CPU ms of 100': number;
  readonly 'CPU µs each': number;
  readonly ratio: number;
}

/** What pipelines cost a load: the same lines of a web server, one segment at a time, with and without. */
export async function benchPipelines(records: number, rounds: number): Promise<PipelineFigures[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sightline-bench-pipelines-'));
  const clock = systemClock;
  const logger = silentLogger;
  const store = await openEmbeddedStore({ dataFolder: folder, logger, clock });
  await migrate(store, logger);
  const versions = Object.entries(organisations).map(([organisation, steps]) => ({
    organisation,
    version: 1,
    takesEffectAtMs: 0,
    savedAtMs: 0,
    pipelines: steps.length === 0 ? [] : [{ id: 'p', name: 'p', enabled: true, filter: '', steps }],
  }));
  const compile = (pipelines: Pipelines) => {
    const compiled = compilePipelines(pipelines);
    return compiled.ok ? compiled.value : undefined;
  };
  const pipelines = new CachedPipelineBook({ savedSince: async () => versions, compile }, clock, logger);
  const ledger = createLedger({ target: store, settings: exactlyOnceSettings, clock, logger });
  const spool = await openSpool({ folder: path.join(folder, 'spool'), limits: { freeDiskBytes: 0 }, clock, logger });
  const loader = await startLoader({
    spool,
    target: store,
    protocols,
    ledger,
    settings: exactlyOnceSettings,
    metrics: forgetful,
    pipelines,
    clock,
    logger,
  });
  const load = async (organisation: string, count: number): Promise<number> => {
    const builder = new LogsRequestBuilder().resource({ 'service.name': 'nginx' });
    for (let i = 0; i < count; i++)
      builder.add({
        body: `10.0.0.${i % 250} - - [10/Oct/2026:13:55:36 +0000] "GET /p/${i} HTTP/1.1" ${i % 10 ? 200 : 503} ${i * 7} "-" "curl/8.1"`,
        severityNumber: 9,
      });
    const scope = { organisation, keyId: 'k', site: 'S', device: '', service: '', environment: '' };
    const frame = { lane: 'otlp-logs', bytes: builder.build(), records: count, signal: 'logs' };
    await spool.append([frame], scope, { protocol: 'otlp', project: 0, receivedAtMs: clock.now() });
    const before = usageOf(process.pid).cpuS;
    await loader.drain();
    return 1000 * (usageOf(process.pid).cpuS - before);
  };
  const median = (numbers: readonly number[]): number =>
    [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
  try {
    const names = Object.keys(organisations);
    for (const name of names) await load(name, 100);
    const few = new Map<string, number[]>();
    const many = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++)
      for (const name of names) {
        few.set(name, [...(few.get(name) ?? []), await load(name, 100)]);
        many.set(name, [...(many.get(name) ?? []), await load(name, records)]);
      }
    const each = (name: string): number => (1000 * median(many.get(name) ?? [])) / records;
    return names.map((pipeline) => ({
      pipeline,
      'CPU ms of 100': Math.round(median(few.get(pipeline) ?? [])),
      'CPU µs each': Number(each(pipeline).toFixed(1)),
      ratio: Number((each(pipeline) / each(names[0] ?? '')).toFixed(1)),
    }));
  } finally {
    await loader.close();
    await ledger.close();
    await spool.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

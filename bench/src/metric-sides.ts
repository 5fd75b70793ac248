import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Measured } from './measure-ingest.ts';
import { ask, startPeer } from './peer-process.ts';
import { freePort, startServer } from './server-under-test.ts';

/** A program that takes remote write and answers PromQL. */
export interface MetricSide extends Measured {
  readonly name: string;
  /** What stands before `/api/v1/write` and `/api/v1/query`. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Has it merge what it would merge some time later. */
  settle?(): Promise<void>;
  stop(): Promise<void>;
}

export async function startOurs(options: readonly string[] = []): Promise<MetricSide> {
  const server = await startServer(undefined, options);
  return {
    name: 'sightline',
    pid: server.pid,
    dataFolder: server.dataFolder,
    base: `${server.url}/prometheus`,
    headers: { authorization: `Bearer ${server.key}` },
    stop: () => server.stop(),
  };
}

export async function startVictoriaMetrics(binary: string): Promise<MetricSide> {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const peer = await startPeer(binary, `${base}/health`, (folder) => [
    `-storageDataPath=${path.join(folder, 'data')}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-retentionPeriod=100y',
    '-search.disableCache',
    '-search.latencyOffset=0s',
  ]);
  return {
    ...peer,
    name: 'VictoriaMetrics',
    base,
    headers: {},
    settle: async () => {
      await ask(`${base}/internal/force_flush`);
      await ask(`${base}/internal/force_merge`);
    },
  };
}

/** With the receiver on, and a window for samples that come late as wide as ours. */
export async function startPrometheus(binary: string): Promise<MetricSide> {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const peer = await startPeer(binary, `${base}/-/ready`, (folder) => {
    const file = path.join(folder, 'prometheus.yaml');
    writeFileSync(file, 'storage: { tsdb: { out_of_order_time_window: 30d } }\n');
    return [
      `--config.file=${file}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      '--storage.tsdb.retention.time=10y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
    ];
  });
  return { ...peer, name: 'Prometheus', base, headers: {} };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends one request of remote write 1.0, again where the side is busy. */
export async function writeTo({ base, headers }: Pick<MetricSide, 'base' | 'headers'>, body: Buffer): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const reply = await fetch(`${base}/api/v1/write`, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/x-protobuf',
        'content-encoding': 'snappy',
        'x-prometheus-remote-write-version': '0.1.0',
      },
      body: new Uint8Array(body),
      signal: AbortSignal.timeout(60_000),
    }).catch((error: unknown) => {
      // A side closes connections that rested for some seconds, just as one is used again.
      if (tries < 3) return undefined;
      throw error;
    });
    if (!reply) continue;
    const text = await reply.text();
    if (reply.ok) return;
    if (reply.status !== 429 && reply.status < 500) throw new Error(`${reply.status} ${text}`);
    await sleep(100);
  }
  throw new Error('samples were not taken');
}

/** One sample's answer of an instant query at `atMs`; NaN where there is none. */
export async function valueOf({ base, headers }: MetricSide, query: string, atMs: number): Promise<number> {
  const fields = new URLSearchParams({ query, time: String(atMs / 1000), nocache: '1' });
  const text = await ask(`${base}/api/v1/query?${fields.toString()}`, { headers });
  const { data } = JSON.parse(text) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? Number.NaN);
}

/** Values that a range selector of one series gives at `atMs`. */
export async function samplesOf({ base, headers }: MetricSide, query: string, atMs: number): Promise<number[]> {
  const fields = new URLSearchParams({ query, time: String(atMs / 1000), nocache: '1' });
  const text = await ask(`${base}/api/v1/query?${fields.toString()}`, { headers });
  const { data } = JSON.parse(text) as { data: { result: { values: [number, string][] }[] } };
  return (data.result[0]?.values ?? []).map(([, value]) => Number(value));
}

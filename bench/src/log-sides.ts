import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Measured } from './measure-ingest.ts';
import { ask, startPeer } from './peer-process.ts';
import { freePort, startServer } from './server-under-test.ts';

/** A program that takes logs in some of the protocols. */
export interface LogSide extends Measured {
  readonly name: string;
  /** Where it takes a protocol, by the protocol's name: an address of HTTP, or the port of a socket. */
  readonly doors: Readonly<Record<string, string | number>>;
  readonly headers: Record<string, string>;
  /** Records of the last hour that it finds. */
  count(): Promise<number>;
  /** Has it write to disk what it would keep in memory for longer. */
  settle?(): Promise<void>;
  stop(): Promise<void>;
}

const hourMs = 3_600_000;

export async function startOurs(): Promise<LogSide> {
  const syslogPort = await freePort();
  const server = await startServer(undefined, ['--syslog', `tcp:${syslogPort}`]);
  const headers = { authorization: `Bearer ${server.key}` };
  return {
    name: 'sightline',
    pid: server.pid,
    dataFolder: server.dataFolder,
    doors: {
      'loki json': `${server.url}/loki/api/v1/push`,
      'loki protobuf': `${server.url}/loki/api/v1/push`,
      _bulk: `${server.url}/elasticsearch/_bulk`,
      syslog: syslogPort,
    },
    headers,
    count: async () => {
      const range = `from=${Date.now() - hourMs}&to=${Date.now() + hourMs}`;
      const text = await ask(`${server.url}/api/v1/logs/histogram?${range}`, { headers });
      return (JSON.parse(text) as { total: number }).total;
    },
    stop: () => server.stop(),
  };
}

export async function startVictoriaLogs(binary: string): Promise<LogSide> {
  const [port, syslogPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const peer = await startPeer(binary, `${url}/health`, (folder) => [
    `-storageDataPath=${path.join(folder, 'data')}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    `-syslog.listenAddr.tcp=127.0.0.1:${syslogPort}`,
    '-retentionPeriod=100y',
  ]);
  const fields = '_time_field=@timestamp&_msg_field=message&_stream_fields=service.name,site.id';
  return {
    ...peer,
    name: 'VictoriaLogs',
    doors: {
      'loki json': `${url}/insert/loki/api/v1/push`,
      'loki protobuf': `${url}/insert/loki/api/v1/push`,
      _bulk: `${url}/insert/elasticsearch/_bulk?${fields}`,
      syslog: syslogPort,
    },
    headers: {},
    count: async () => {
      const text = await ask(`${url}/select/logsql/query?query=${encodeURIComponent('* | count() n')}`);
      return Number((JSON.parse(text) as { n: string }).n);
    },
  };
}

/** One binary, chunks and index in its folder, no accounts; the limits that would refuse one sender's load raised. */
const lokiSettings = (folder: string, port: number, grpcPort: number): string => `auth_enabled: false
server: { http_listen_address: 127.0.0.1, http_listen_port: ${port}, grpc_listen_address: 127.0.0.1, grpc_listen_port: ${grpcPort}, log_level: error }
common:
  path_prefix: ${folder}
  instance_addr: 127.0.0.1
  replication_factor: 1
  ring: { kvstore: { store: inmemory } }
  storage: { filesystem: { chunks_directory: ${folder}/chunks, rules_directory: ${folder}/rules } }
schema_config:
  configs:
    - { from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: { prefix: index_, period: 24h } }
limits_config:
  ingestion_rate_mb: 10000
  ingestion_burst_size_mb: 20000
  per_stream_rate_limit: 10GB
  per_stream_rate_limit_burst: 20GB
  max_global_streams_per_user: 0
  allow_structured_metadata: true
analytics: { reporting_enabled: false }
`;

export async function startLoki(binary: string): Promise<LogSide> {
  const [port, grpcPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const peer = await startPeer(binary, `${url}/ready`, (folder) => {
    const file = path.join(folder, 'loki.yaml');
    writeFileSync(file, lokiSettings(folder, port, grpcPort));
    return ['-target=all', `-config.file=${file}`];
  });
  return {
    ...peer,
    name: 'Loki',
    doors: { 'loki json': `${url}/loki/api/v1/push`, 'loki protobuf': `${url}/loki/api/v1/push` },
    headers: {},
    count: async () => {
      const query = encodeURIComponent('sum(count_over_time({environment="production"}[1h]))');
      const text = await ask(`${url}/loki/api/v1/query?query=${query}`);
      const { data } = JSON.parse(text) as { data: { result: { value: [number, string] }[] } };
      return Number(data.result[0]?.value[1] ?? 0);
    },
    settle: async () => {
      await ask(`${url}/flush`, { method: 'POST' });
    },
  };
}

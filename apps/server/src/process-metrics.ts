import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Spool } from '@sightline/ingest';
import type { EmbeddedStore } from '@sightline/store';

const loopDelay = monitorEventLoopDelay({ resolution: 20 });
loopDelay.enable();

/** Our own process, engine and spool in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export function processMetrics(engine: EmbeddedStore | undefined, spool: Spool | undefined, version: string): string {
  const cpu = process.cpuUsage();
  const status = spool?.status();
  const lines: [name: string, type: 'gauge' | 'counter', help: string, value: number, labels?: string][] = [
    ['sightline_build_info', 'gauge', 'Version of the server.', 1, `{version="${version}"}`],
    [
      'process_cpu_seconds_total',
      'counter',
      'User and system CPU time of the server, the engine not included.',
      (cpu.user + cpu.system) / 1e6,
    ],
    [
      'process_resident_memory_bytes',
      'gauge',
      'Resident memory of the server, the engine not included.',
      process.memoryUsage.rss(),
    ],
    ['process_start_time_seconds', 'gauge', 'When the server started.', Math.round(performance.timeOrigin / 1000)],
    [
      'nodejs_eventloop_lag_p99_seconds',
      'gauge',
      '99th percentile of the event loop delay since the start.',
      loopDelay.percentile(99) / 1e9,
    ],
  ];
  if (engine) {
    lines.push([
      'sightline_engine_resident_memory_bytes',
      'gauge',
      'Resident memory of the telemetry engine.',
      engine.rssBytes(),
    ]);
    lines.push([
      'sightline_engine_restarts_total',
      'counter',
      'How often the telemetry engine had to be replaced.',
      engine.restarts(),
    ]);
  }
  if (status) {
    lines.push(['sightline_spool_bytes', 'gauge', 'Bytes that wait to be loaded.', status.bytes]);
    lines.push([
      'sightline_spool_limit_bytes',
      'gauge',
      'Bytes after which clients are asked to slow down.',
      status.limitBytes,
    ]);
    lines.push(['sightline_spool_records', 'gauge', 'Records that wait to be loaded.', status.records]);
  }
  return lines
    .map(
      ([name, type, help, value, labels]) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name}${labels ?? ''} ${value}\n`,
    )
    .join('');
}

import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { ContainerState } from '@sightline/fleet/messages';
import { cpuModes, type CpuTimes, type HostReader } from './host-reader.ts';
import { metricsRequest, type HostMetric } from './metrics-request.ts';

const everyMs = 15_000;

export interface HostMetricsOptions {
  readonly host: HostReader;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `store.id`, `host.name` and whatever else the records are told apart by. */
  readonly resource: Readonly<Record<string, string>>;
  readonly containers: () => readonly ContainerState[];
  /** Takes an encoded OTLP metrics request. */
  readonly submit: (request: Buffer) => Promise<void>;
}

/**
 * Measures the machine every 15 s under OpenTelemetry's names
 * (https://opentelemetry.io/docs/specs/semconv/system/system-metrics/). Close it to end within a moment.
 */
export function startHostMetrics(options: HostMetricsOptions): { close(): Promise<void> } {
  const { clock, logger, host, resource, submit } = options;
  let before = host.cpuTimes();
  const measuring = new BackgroundLoop({
    clock,
    logger,
    everyMs,
    pausesFirst: true,
    round: async () => {
      const after = host.cpuTimes();
      const metrics = await readMetrics(options, before, after);
      before = after;
      const nowMs = clock.now();
      await submit(metricsRequest(resource, metrics, nowMs - host.uptimeS() * 1000, nowMs));
    },
    fault: (error) => logger.error('the machine could not be measured', { error }),
  });
  measuring.start();
  return measuring;
}

/** All metrics of one moment; the processor's are of the time between the two readings. */
export async function readMetrics(
  { host, containers }: Pick<HostMetricsOptions, 'host' | 'containers'>,
  before: CpuTimes,
  after: CpuTimes,
): Promise<HostMetric[]> {
  const memory = host.memory();
  const disks = await host.fileSystems();
  const states = {
    used: memory.usedBytes,
    free: memory.freeBytes,
    cached: Math.max(0, memory.availableBytes - memory.freeBytes),
  };
  const memoryPoints = (scale: number): HostMetric['points'] =>
    Object.entries(states).map(([state, bytes]) => ({
      value: bytes / scale,
      attributes: { 'system.memory.state': state },
    }));
  const ofDisk = (disk: (typeof disks)[number], state?: string): Record<string, string> => ({
    'system.filesystem.mountpoint': disk.mount,
    'system.device': disk.device,
    'system.filesystem.type': disk.type,
    ...(state && { 'system.filesystem.state': state }),
  });
  return [
    gauge('system.cpu.utilization', '1', cpuShares(before, after)),
    gauge('system.cpu.logical.count', '{cpu}', [{ value: host.facts().cpus }]),
    gauge('system.linux.cpu.load_1m', '{thread}', [{ value: host.load()[0] ?? 0 }]),
    gauge('system.memory.utilization', '1', memoryPoints(memory.totalBytes || 1)),
    gauge('system.memory.usage', 'By', memoryPoints(1)),
    gauge(
      'system.filesystem.utilization',
      '1',
      // As df counts: what root keeps for itself is neither used nor free.
      disks.map((disk) => ({
        value: disk.usedBytes / (disk.usedBytes + disk.freeBytes || 1),
        attributes: ofDisk(disk),
      })),
    ),
    gauge(
      'system.filesystem.usage',
      'By',
      disks.flatMap((disk) => [
        { value: disk.usedBytes, attributes: ofDisk(disk, 'used') },
        { value: disk.freeBytes, attributes: ofDisk(disk, 'free') },
      ]),
    ),
    {
      name: 'system.network.io',
      unit: 'By',
      kind: 'counter',
      points: host.networks().flatMap(({ name, receivedBytes, sentBytes }) => [
        { value: receivedBytes, attributes: { 'network.interface.name': name, 'network.io.direction': 'receive' } },
        { value: sentBytes, attributes: { 'network.interface.name': name, 'network.io.direction': 'transmit' } },
      ]),
    },
    gauge('system.uptime', 's', [{ value: host.uptimeS() }]),
    gauge(
      'container.running',
      '1',
      containers().map(({ name, service, state }) => ({
        value: state === 'running' ? 1 : 0,
        attributes: { 'container.name': name, 'compose.service': service },
      })),
    ),
  ];
}

function gauge(name: string, unit: string, points: HostMetric['points']): HostMetric {
  return { name, unit, kind: 'gauge', points };
}

function cpuShares(before: CpuTimes, after: CpuTimes): HostMetric['points'] {
  const spent = cpuModes.map((mode) => Math.max(0, after[mode] - before[mode]));
  const all = spent.reduce((total, one) => total + one, 0);
  if (all === 0) return [];
  return cpuModes.map((mode, at) => ({ value: (spent[at] ?? 0) / all, attributes: { 'cpu.mode': mode } }));
}

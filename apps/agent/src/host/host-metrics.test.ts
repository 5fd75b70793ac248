import { checkOtlp } from '@sightline/ingest/site';
import { describe, expect, test } from 'vitest';
import { parseMounts, thisHost, type CpuTimes, type HostReader } from './host-reader.ts';
import { readMetrics } from './host-metrics.ts';
import { metricsRequest } from './metrics-request.ts';

const times = (busy: number, idle: number): CpuTimes => ({
  user: busy,
  nice: 0,
  system: 0,
  idle,
  iowait: 0,
  interrupt: 0,
  steal: 0,
});
const host: HostReader = {
  ...thisHost,
  facts: () => ({ host: 'pc', os: 'Linux', arch: 'x64', cpus: 4, memoryBytes: 100 }),
  memory: () => ({ totalBytes: 100, usedBytes: 60, availableBytes: 40, freeBytes: 10 }),
  fileSystems: async () => [
    { mount: '/', device: '/dev/sda1', type: 'ext4', totalBytes: 1000, usedBytes: 700, freeBytes: 200 },
  ],
  networks: () => [{ name: 'eth0', addresses: [], receivedBytes: 5, sentBytes: 7 }],
};

describe('figures of the machine', () => {
  test('CPU, memory, disk and network under the names of the conventions', async () => {
    const metrics = await readMetrics({ host, containers: () => [] }, times(10, 0), times(40, 70));
    const points = (name: string) =>
      metrics
        .find((metric) => metric.name === name)
        ?.points.map(({ value, attributes }) => [value, ...Object.values(attributes ?? {})].join(' '));
    expect(points('system.cpu.utilization')?.slice(0, 4)).toEqual(['0.3 user', '0 nice', '0 system', '0.7 idle']);
    expect(points('system.memory.utilization')).toEqual(['0.6 used', '0.1 free', '0.3 cached']);
    expect(points('system.filesystem.utilization')).toEqual([`${700 / 900} / /dev/sda1 ext4`]);
    expect(points('system.network.io')).toEqual(['5 eth0 receive', '7 eth0 transmit']);
  });

  test('what the machine itself says is within reason', async () => {
    const before = thisHost.cpuTimes();
    const usage = thisHost.cpuUsage(before, { ...before, user: before.user + 1, idle: before.idle + 3 });
    expect(usage).toBeCloseTo(0.25, 5);
    expect(thisHost.cpuUsage(before, before)).toBe(0);
    const { totalBytes, usedBytes, availableBytes } = thisHost.memory();
    expect(usedBytes).toBeGreaterThan(0);
    expect(usedBytes + availableBytes).toBeLessThanOrEqual(totalBytes);
    for (const disk of await thisHost.fileSystems()) expect(disk.usedBytes).toBeLessThanOrEqual(disk.totalBytes);
  });

  test('the request passes the same walk as any client’s, with every point', async () => {
    const metrics = await readMetrics({ host, containers: () => [] }, times(0, 0), times(1, 1));
    const body = metricsRequest({ 'store.id': 'STORE_047' }, metrics, Date.now() - 1000, Date.now());
    const checked = checkOtlp('metrics', { body, contentType: 'application/x-protobuf', receivedAtMs: Date.now() });
    const points = metrics.reduce((sum, metric) => sum + metric.points.length, 0);
    expect(checked).toMatchObject({ kind: 'accept', frames: [{ records: points }] });
  });

  test('disks are the machine’s own, each once, with their names as people write them', () => {
    const text = [
      'proc /proc proc rw 0 0',
      '/dev/sda1 / ext4 rw 0 0',
      '/dev/sda1 /var/lib/bind ext4 rw 0 0',
      'server:/x /mnt/nfs nfs4 rw 0 0',
      'overlay /var/lib/docker/overlay2/1/merged overlay rw 0 0',
      String.raw`/dev/sdb1 /mnt/my\040disk xfs rw 0 0`,
      '',
    ].join('\n');
    expect(parseMounts(text).map((mount) => mount.mount)).toEqual(['/', '/mnt/my disk']);
  });
});

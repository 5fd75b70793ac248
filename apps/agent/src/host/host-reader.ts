import { readFileSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import os from 'node:os';
import type { HostFacts } from '@sightline/fleet/messages';

/** Seconds that all processors together have spent, by what they did. Counted from boot. */
export interface CpuTimes {
  readonly user: number;
  readonly nice: number;
  readonly system: number;
  readonly idle: number;
  readonly iowait: number;
  readonly interrupt: number;
  readonly steal: number;
}
export const cpuModes = ['user', 'nice', 'system', 'idle', 'iowait', 'interrupt', 'steal'] as const;

export interface Memory {
  readonly totalBytes: number;
  /** What programs hold and could not be given up: total less available. */
  readonly usedBytes: number;
  /** What a new program could have without swapping. */
  readonly availableBytes: number;
  readonly freeBytes: number;
}

export interface FileSystem {
  readonly mount: string;
  readonly device: string;
  readonly type: string;
  readonly totalBytes: number;
  readonly usedBytes: number;
  /** Free for programs that are not root. */
  readonly freeBytes: number;
}

export interface Network {
  readonly name: string;
  readonly addresses: string[];
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** What the machine says of itself. No number is made up: what a system does not tell is 0 or left out. */
export interface HostReader {
  facts(): Omit<HostFacts, 'docker'>;
  uptimeS(): number;
  cpuModel(): string;
  cpuTimes(): CpuTimes;
  /** Share of all processors that worked between two readings, 0 to 1. */
  cpuUsage(before: CpuTimes, after: CpuTimes): number;
  load(): number[];
  memory(): Memory;
  /** Real file systems of this machine, each once; network mounts are left out, for a dead one would hang its reader. */
  fileSystems(): Promise<FileSystem[]>;
  /** Interfaces with their counters; the loopback is left out. */
  networks(): Network[];
}

/** File systems that lie on a disk of this machine. */
const realTypes = new Set(
  'ext2 ext3 ext4 xfs btrfs zfs f2fs vfat exfat ntfs ntfs3 fuseblk jfs reiserfs bcachefs overlay apfs hfs'.split(' '),
);
const mostFileSystems = 50;
const ticksPerSecond = 100;

const sum = (times: CpuTimes): number => cpuModes.reduce((total, mode) => total + times[mode], 0);

/** Reads this machine: /proc where there is one (https://docs.kernel.org/filesystems/proc.html), else what Node tells. */
export const thisHost: HostReader = {
  facts: () => ({
    host: os.hostname().slice(0, 255),
    os: systemName(),
    arch: os.arch(),
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
  }),
  uptimeS: () => Math.round(os.uptime()),
  cpuModel: () => (os.cpus()[0]?.model ?? '').trim(),
  cpuTimes: () => procCpuTimes() ?? nodeCpuTimes(),
  cpuUsage: (before, after) => {
    const all = sum(after) - sum(before);
    const idle = after.idle + after.iowait - before.idle - before.iowait;
    return all > 0 ? Math.min(1, Math.max(0, 1 - idle / all)) : 0;
  },
  load: () => os.loadavg().map((value) => Math.round(value * 100) / 100),
  memory: () => {
    const totalBytes = os.totalmem();
    const freeBytes = procMemory('MemFree') ?? os.freemem();
    const availableBytes = procMemory('MemAvailable') ?? os.freemem();
    return { totalBytes, availableBytes, freeBytes, usedBytes: Math.max(0, totalBytes - availableBytes) };
  },
  fileSystems: readFileSystems,
  networks: readNetworks,
};

let osName: string | undefined;
/** "Debian GNU/Linux 12 (bookworm)" where the system says so, else the kernel's name. */
function systemName(): string {
  if (osName !== undefined) return osName;
  const release = textOf('/etc/os-release');
  const pretty = /^PRETTY_NAME="?([^"\n]+)"?/m.exec(release)?.[1];
  osName = (pretty ?? `${os.type()} ${os.release()}`).slice(0, 100);
  return osName;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not a Linux machine, or /proc is hidden from us: the callers have another source.
    return '';
  }
}

function procCpuTimes(): CpuTimes | undefined {
  const [, user, nice, system, idle, iowait, irq, softirq, steal] =
    /^cpu\s+(\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(textOf('/proc/stat')) ?? [];
  if (user === undefined) return undefined;
  const seconds = (ticks: string | undefined): number => Number(ticks) / ticksPerSecond;
  return {
    user: seconds(user),
    nice: seconds(nice),
    system: seconds(system),
    idle: seconds(idle),
    iowait: seconds(iowait),
    interrupt: seconds(irq) + seconds(softirq),
    steal: seconds(steal),
  };
}

function nodeCpuTimes(): CpuTimes {
  const total = { user: 0, nice: 0, system: 0, idle: 0, iowait: 0, interrupt: 0, steal: 0 };
  for (const { times } of os.cpus()) {
    total.user += times.user / 1000;
    total.nice += times.nice / 1000;
    total.system += times.sys / 1000;
    total.idle += times.idle / 1000;
    total.interrupt += times.irq / 1000;
  }
  return total;
}

function procMemory(name: string): number | undefined {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(textOf('/proc/meminfo'))?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

/** Mounts as /proc writes them: device, mount point with octal escapes, type. */
export function parseMounts(text: string): { device: string; mount: string; type: string }[] {
  const devices = new Set<string>();
  return text.split('\n').flatMap((line) => {
    const [device = '', escaped = '', type = ''] = line.split(' ');
    if (!realTypes.has(type)) return [];
    const mount = escaped.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
    // The layers of other containers are not disks of this machine; our own root may well be one.
    if (type === 'overlay' && mount !== '/') return [];
    // A disk that is mounted in several places is one disk.
    if (device.startsWith('/') && devices.has(device)) return [];
    devices.add(device);
    return [{ device, mount, type }];
  });
}

async function readFileSystems(): Promise<FileSystem[]> {
  const mounts =
    process.platform === 'linux'
      ? parseMounts(await readFile('/proc/mounts', 'utf8').catch(() => ''))
      : [{ device: '', mount: process.platform === 'win32' ? 'C:\\' : '/', type: '' }];
  const found = mounts.slice(0, mostFileSystems).map(async ({ device, mount, type }) => {
    try {
      const { blocks, bfree, bavail, bsize } = await statfs(mount);
      if (blocks === 0) return [];
      const usedBytes = (blocks - bfree) * bsize;
      return [{ device, mount, type, totalBytes: blocks * bsize, usedBytes, freeBytes: bavail * bsize }];
    } catch {
      // Unmounted meanwhile, or hidden from us: it is left out.
      return [];
    }
  });
  return (await Promise.all(found)).flat();
}

function readNetworks(): Network[] {
  const counters = new Map<string, [received: number, sent: number]>();
  for (const line of textOf('/proc/net/dev').split('\n').slice(2)) {
    const [name, rest] = line.split(':');
    const fields = rest?.trim().split(/\s+/).map(Number) ?? [];
    if (name && fields.length >= 9) counters.set(name.trim(), [fields[0] ?? 0, fields[8] ?? 0]);
  }
  const addresses = os.networkInterfaces();
  const names = [...new Set([...counters.keys(), ...Object.keys(addresses)])].filter((name) => name !== 'lo');
  return names.slice(0, mostFileSystems).map((name) => ({
    name,
    addresses: (addresses[name] ?? []).map((entry) => entry.address),
    receivedBytes: counters.get(name)?.[0] ?? 0,
    sentBytes: counters.get(name)?.[1] ?? 0,
  }));
}

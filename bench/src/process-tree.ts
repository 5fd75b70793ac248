import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** What a program and all its children have used. Linux only: it reads /proc. */
export interface Usage {
  /** User and system time, seconds, of the living and of the children they have waited for. */
  readonly cpuS: number;
  /** Resident memory that is theirs: proportional set size, so that shared pages count once. */
  readonly pssBytes: number;
  readonly processes: number;
}

const ticksPerSecond = 100;

function parentsByPid(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = statFields(Number(entry));
    if (fields) parents.set(Number(entry), Number(fields[1]));
  }
  return parents;
}

/** Fields of /proc/<pid>/stat from the state on; undefined when the process is gone. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Ids of `pid` and everything it started, adopted grandchildren that left the tree not included. */
export function treeOf(pid: number): number[] {
  const parents = parentsByPid();
  const tree = [pid];
  for (let i = 0; i < tree.length; i++) {
    for (const [child, parent] of parents) if (parent === tree[i] && !tree.includes(child)) tree.push(child);
  }
  return tree;
}

export function usageOf(pid: number): Usage {
  let cpuTicks = 0;
  let pssBytes = 0;
  const tree = treeOf(pid);
  for (const member of tree) {
    const fields = statFields(member);
    // utime, stime, cutime, cstime: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    if (fields) cpuTicks += [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    pssBytes += pssOf(member);
  }
  return { cpuS: cpuTicks / ticksPerSecond, pssBytes, processes: tree.length };
}

function pssOf(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Bytes that a folder's files take on disk. */
export function sizeOnDisk(folder: string): number {
  return sizeOf(folder, ({ blocks }) => blocks * 512);
}

/** Bytes that a folder's files hold: without what the disk rounds each of them up by. */
export function lengthOfFiles(folder: string): number {
  return sizeOf(folder, ({ size }) => size);
}

function sizeOf(folder: string, of: (file: { readonly size: number; readonly blocks: number }) => number): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    try {
      bytes += entry.isDirectory() ? sizeOf(full, of) : of(statSync(full));
    } catch {
      // A part that was merged away while we looked.
    }
  }
  return bytes;
}

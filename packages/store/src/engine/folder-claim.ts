/** Who owns a telemetry folder: told by a small file beside the socket, so that an orphan can be found and ended. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Clock } from '@sightline/base';
import { StoreError } from '../port/index.ts';

interface Claim {
  readonly pid: number;
  readonly pidStarted: string;
  readonly parentPid: number;
  readonly parentStarted: string;
}

/** When a process began, in the kernel's ticks: tells a process from another one that later got its number. '' when unknown. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie holds no lock any more.
    return fields[0] === 'Z' ? 'dead' : (fields[19] ?? '');
  } catch {
    // No such process, or a system without /proc.
    return '';
  }
}

function alive(pid: number, started: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return startOf(pid) === started;
}

function readClaim(file: string): Claim | undefined {
  try {
    const claim = JSON.parse(readFileSync(file, 'utf8')) as Partial<Claim>;
    const whole = typeof claim.pid === 'number' && typeof claim.parentPid === 'number';
    return whole ? (claim as Claim) : undefined;
  } catch {
    // Missing, or cut in the middle of a write: the engine's own lock decides then.
    return undefined;
  }
}

/** Notes that `pid` is our engine. */
export function writeClaim(file: string, pid: number): void {
  const claim: Claim = { pid, pidStarted: startOf(pid), parentPid: process.pid, parentStarted: startOf(process.pid) };
  writeFileSync(file, JSON.stringify(claim), { mode: 0o600 });
}

export function dropClaim(file: string): void {
  rmSync(file, { force: true });
}

/**
 * Waits for the engine of a server that is gone, and ends it when it stays. Throws `StoreError('unavailable')` when the
 * folder belongs to a server that lives.
 */
export async function takeOver(file: string, folder: string, clock: Clock, patienceMs = 1500): Promise<void> {
  const claim = readClaim(file);
  if (!claim || !alive(claim.pid, claim.pidStarted)) return;
  const until = clock.now() + patienceMs;
  // A server that was just killed may need a moment to be gone.
  while (alive(claim.parentPid, claim.parentStarted)) {
    if (clock.now() >= until || claim.parentPid === process.pid) {
      throw new StoreError('unavailable', inUse(folder, `process ${claim.parentPid}`));
    }
    await clock.sleep(50);
  }
  while (alive(claim.pid, claim.pidStarted) && clock.now() < until) await clock.sleep(50);
  while (alive(claim.pid, claim.pidStarted)) {
    process.kill(claim.pid, 'SIGKILL');
    await clock.sleep(50);
  }
}

/** The sentence for a folder that another server holds. */
export function inUse(folder: string, by: string): string {
  return `The data folder ${folder} is in use by ${by}. Stop it first, or choose another folder with --data.`;
}

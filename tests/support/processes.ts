import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from './product.ts';

const root = path.join(import.meta.dirname, '../..');

/** One process as /proc shows it. */
export interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Every living process; zombies, which only wait to be collected, are left out. */
function allProcesses(): Seen[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent), command }];
    } catch {
      // Ended between the listing and the reading.
      return [];
    }
  });
}

/** `pid` and everything that descends from it, at this moment. */
export function familyOf(pid: number): Seen[] {
  const all = allProcesses();
  const family = all.filter((process) => process.pid === pid);
  for (const member of family) family.push(...all.filter((process) => process.parent === member.pid));
  return family;
}

/** Every living process whose command line names `folder`, whosever child it is. */
export function runningOn(folder: string): Seen[] {
  return allProcesses().filter(({ command }) => command.includes(folder));
}

/** Those of `family` that still live as the same programs. */
function left(family: readonly Seen[]): Seen[] {
  const living = allProcesses();
  return family.filter((member) => living.some((p) => p.pid === member.pid && p.command === member.command));
}

/** Waits until none of `family` is left, at most `withinMs`; answers those that are. */
export function untilGone(family: readonly Seen[], withinMs: number): Promise<Seen[]> {
  return eventually(
    () => Promise.resolve(left(family)),
    (still) => still.length === 0,
    withinMs,
  );
}

/** The product started the way a person starts it, in a process group of its own as a terminal would make it. */
export interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly printed: () => string;
  /** Exit code, or the signal's name; once it has ended. */
  readonly ended: Promise<number | string>;
}

/** Runs a command of this repository. `npm start …` or `node …` as in the README. */
export function begin(
  command: readonly string[],
  options: { env?: Readonly<Record<string, string>>; cwd?: string } = {},
): Started {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: options.cwd ?? root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code ?? signal ?? ''));
  });
  return { child, pid: child.pid ?? 0, printed: () => output, ended };
}

/** Waits until the server on `url` is ready, at most a minute. Returns how long it took, milliseconds. */
export async function untilReady(started: Started, url: string): Promise<number> {
  const sinceMs = Date.now();
  const ready = await eventually(
    () =>
      fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2000) }).then(
        (reply) => reply.ok,
        () => started.child.exitCode !== null,
      ),
    (answered) => answered,
    60_000,
  );
  if (!ready || started.child.exitCode !== null) throw new Error(`it did not become ready:\n${started.printed()}`);
  return Date.now() - sinceMs;
}

import { mkdirSync, readFileSync } from 'node:fs';
import { flushCompileCache, getCompileCacheDir } from 'node:module';
import path from 'node:path';

/** Set for the process that this one becomes, so that a start that stays wrong is not repeated without end. */
const markName = 'SIGHTLINE_AGENT_START';

const holderEveryMs = 2000;

/** A file of this program's folder that is for Node. */
export function forNode<T>(name: string): T {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, '..', name), 'utf8')) as T;
}

/** Number of the process that held the channel to this one: the channel does not outlive starting again. */
const holderName = 'SIGHTLINE_AGENT_HOLDER';

const { [markName]: mark, [holderName]: holder } = process.env;
delete process.env[markName];
delete process.env[holderName];

/**
 * Calls `gone` once the program that started this one over a channel has ended without a word (`npm run`, when it is
 * killed): nobody could stop us with Ctrl-C any more. Without a channel nobody is watched.
 */
export function watchHolder(gone: () => void): void {
  if (process.channel) return void process.on('disconnect', gone);
  if (holder === undefined) return;
  const watch = setInterval(() => {
    if (String(process.ppid) === holder) return;
    clearInterval(watch);
    gone();
  }, holderEveryMs);
  watch.unref();
}

/**
 * Starts the program again in this same process when it was not started with its flags, its environment and a folder for
 * compiled programs: an agent is small however it was started. Returns when there is nothing to mend, or no way to.
 */
export function startWithSettings(dataFolder: string): void {
  if (mark !== undefined) return;
  const flags = forNode<string[]>('node-flags.json').filter((flag) => !process.execArgv.includes(flag));
  const environment = Object.entries(forNode<Record<string, string>>('node-environment.json'));
  const unset = environment.filter(([name]) => process.env[name] === undefined);
  const cached = getCompileCacheDir() !== undefined;
  if (flags.length === 0 && unset.length === 0 && cached) return;
  const cache = cached ? undefined : path.join(dataFolder, 'compile-cache');
  become('settings', flags, { ...Object.fromEntries(unset), ...(cache && { NODE_COMPILE_CACHE: cache }) }, dataFolder);
}

/**
 * To be called once everything is imported. The compiler that strips types takes 45 MB and stays in the process that needed
 * it: what it made is kept, and the program starts again from that. Answers why it could not, or undefined.
 */
export function startFromCompiled(dataFolder: string): string | undefined {
  if (!stripsTypes()) return undefined;
  const folder = getCompileCacheDir();
  if (mark === 'compiled') return `compiled programs cannot be kept in ${folder ?? 'any folder'}`;
  if (folder === undefined) return 'there is no folder for compiled programs';
  flushCompileCache();
  become('compiled', [], {}, dataFolder);
  return 'this system cannot start a program again in its place';
}

/** Whether this process has loaded the compiler that strips types: some module was not in the cache. */
function stripsTypes(): boolean {
  const { moduleLoadList = [] } = process as { readonly moduleLoadList?: readonly string[] };
  return moduleLoadList.some((name) => name.includes('internal/deps/amaro'));
}

/** Replaces this program by itself: same number, same streams. Returns where that is impossible. */
function become(why: string, flags: readonly string[], environment: Record<string, string>, dataFolder: string): void {
  if (!process.execve || process.platform === 'win32') return;
  try {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  } catch {
    // The start says in words what is wrong with the folder.
    return;
  }
  const heldBy = process.channel ? String(process.ppid) : holder;
  const args = [process.argv0, ...process.execArgv, ...flags, ...process.argv.slice(1)];
  process.execve(process.execPath, args, {
    ...process.env,
    ...environment,
    ...(heldBy !== undefined && { [holderName]: heldBy }),
    [markName]: why,
  });
}

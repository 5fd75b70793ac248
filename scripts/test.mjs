// `npm test`: everything. `npm run check` (--quick): types, style, structure and unit tests.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { prepare, root } from './prepare.mjs';

if (process.argv.includes('--help')) {
  console.log(`npm test           types, lint, format, structure, then all tests: unit, engine, waiting and journeys
npm run check      the same without engines and browser (--quick)`);
  process.exit(0);
}
const quick = process.argv.includes('--quick');
const node = await prepare({ ui: !quick });

/** Memory that the tests' data may take, bytes. */
const dataSizeBytes = 8 * 2 ** 30;

/** Where tests keep their data: in memory where there is plenty, so that thousands of syncs cost nothing; else the usual place. */
function temporaryFolder() {
  const shared = '/dev/shm';
  if (!existsSync(shared) || os.freemem() < 1.5 * dataSizeBytes) return os.tmpdir();
  const { bavail, bsize } = statfsSync(shared);
  return bavail * bsize < dataSizeBytes ? os.tmpdir() : shared;
}
const folder = mkdtempSync(path.join(temporaryFolder(), 'sl-'));
const env = {
  ...process.env,
  TMPDIR: folder,
  PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`,
  NODE_OPTIONS: '',
};
const failures = [];
let passed = 0;
let failed = 0;

/** Runs one check; what it prints is shown when it has ended, so that two at a time do not mix. */
async function check([title, file, ...args]) {
  const startedMs = Date.now();
  let printed = '';
  const status = await new Promise((resolve) => {
    const child = spawn(node, [path.join(root, file), ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk) => (printed += chunk));
    child.once('close', (code) => resolve(code ?? 1));
  });
  process.stdout.write(printed);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'}  ${title} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
  if (status === 0) passed++;
  else failed++;
  if (status !== 0) failures.push(title);
}

const checks = [
  ['types', 'node_modules/typescript/bin/tsc', '-p', '.'],
  ['types of the interface', 'node_modules/typescript/bin/tsc', '-p', 'apps/ui'],
  ['lint', 'node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings', '--quiet'],
  ['format', 'node_modules/oxfmt/bin/oxfmt', '--check', '.'],
  ['imports', 'tools/check-imports.ts'],
  ['unused code', 'node_modules/knip/bin/knip.js', '--no-progress'],
];
/** Takes checks from the list until none is left. */
async function work() {
  for (let next = checks.shift(); next !== undefined; next = checks.shift()) await check(next);
}
await Promise.all([work(), work()]);

/** Runs one project of vitest.config.ts and adds up its report. Where `output` is given, what it prints goes there. */
async function runTests(project, output) {
  const report = path.join(folder, `${project}.json`);
  const startedMs = Date.now();
  const args = [
    path.join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const status = await new Promise((resolve) => {
    const stdio = output === undefined ? 'inherit' : ['ignore', output, output];
    spawn(node, args, { cwd: root, stdio, env }).once('exit', (code) => resolve(code ?? 1));
  });
  let counts = { numPassedTests: 0, numFailedTests: 1 };
  try {
    counts = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    console.log(`${project}: the tests left no report`);
  }
  passed += counts.numPassedTests;
  failed += counts.numFailedTests;
  const results = (counts.testResults ?? []).flatMap(({ assertionResults }) => assertionResults);
  const again = results.filter(
    ({ status: ending, failureMessages }) => ending === 'passed' && failureMessages.length > 0,
  );
  if (status !== 0) failures.push(`${project} tests`);
  if (status !== 0 && counts.numFailedTests === 0) failed++;
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  return () => {
    for (const { fullName, failureMessages } of again)
      console.log(`again   ${fullName}: passed at the second try only, after "${failureMessages[0].split('\n')[0]}"`);
    console.log(`${status === 0 ? 'ok    ' : 'FAILED'}  ${project} tests (${seconds} s)`);
  };
}

(await runTests('unit'))();
if (!quick) {
  // What mostly waits runs beside what mostly works; its output is shown when all is done.
  const log = path.join(folder, 'waiting.log');
  const output = openSync(log, 'w');
  const waiting = runTests('waiting', output);
  (await runTests('engine'))();
  (await runTests('journeys'))();
  const waited = await waiting;
  closeSync(output);
  console.log(readFileSync(log, 'utf8'));
  waited();
}
rmSync(folder, { recursive: true, force: true });
if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failures.length === 0 ? 0 : 1);

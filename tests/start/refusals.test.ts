import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { begin } from '../support/processes.ts';
import { freePort, headless, type Product, startProduct } from '../support/product.ts';

const main = path.join(import.meta.dirname, '../../apps/server/src/main.ts');
const scratch = mkdtempSync(path.join(tmpdir(), 'sightline-refusals-'));
let product: Product;

beforeAll(async () => {
  product = await startProduct({ env: headless });
});
afterAll(async () => {
  await product.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** Starts the server with `args`, which must end by itself. */
async function start(...args: string[]): Promise<{ code: number | string; said: string }> {
  const started = begin([process.execPath, main, '--port', '0', '--otlp-ports', 'none', ...args]);
  const code = await started.ended;
  return { code, said: started.printed() };
}

function expectOneSentence({ code, said }: { code: number | string; said: string }, sentence: RegExp): void {
  expect(said).toMatch(sentence);
  expect(said).not.toMatch(/\n\s+at /);
  expect(said.trim().split('\n').length, said).toBeLessThanOrEqual(3);
  expect(code).toBe(1);
}

describe('a start that cannot be stops with a sentence', () => {
  test.each<[string, string[], RegExp]>([
    ['an unknown flag', ['--prot', '1'], /no flag "--prot".*--help/],
    ['a wrong value', ['--spool-limit', 'much'], /--spool-limit must be a size.*"much"/],
    ['one part alone on embedded stores', ['--role', 'query'], /--clickhouse-url.*--database-url/],
    ['a quote in the path', ['--data', path.join(scratch, "it's")], /data folder must not have one of/],
    [
      'no PostgreSQL there',
      ['--data', path.join(scratch, 'd'), '--database-url', 'postgres://127.0.0.1:9/x'],
      /does not answer: connect ECONNREFUSED/,
    ],
  ])('%s', async (_, args, sentence) => expectOneSentence(await start(...args), sentence));

  test('a file where the data folder should be', async () => {
    const file = path.join(scratch, 'file');
    writeFileSync(file, '');
    expectOneSentence(await start('--data', path.join(file, 'data')), /cannot be written.*--data/);
  });

  test('a port that another program holds: all that was opened is closed again', async () => {
    const other = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    const folder = path.join(scratch, 'taken');
    const ending = await start('--host', '127.0.0.1', '--port', String(port), '--data', folder);
    other.close();
    expectOneSentence(ending, new RegExp(`Port ${port} is taken.*--port`));
  });
});

test('a second server on the same data folder is refused; the first one is unharmed', async () => {
  expectOneSentence(await start('--data', product.dataFolder), /in use|running with this data folder/);
  const reply = await fetch(`${product.url}/health`);
  expect(await reply.json()).toMatchObject({ status: expect.stringMatching(/healthy|degraded/) });
});

test('OTLP ports that others hold are said, and the main port serves', async () => {
  const taken = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
  // A path with spaces, longer than a Unix socket's may be.
  const folder = path.join(scratch, 'a folder with spaces', 'x'.repeat(120));
  mkdirSync(folder, { recursive: true });
  const started = begin([
    process.execPath,
    main,
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--data',
    folder,
    '--otlp-ports',
    `${port},${port}`,
  ]);
  while (!started.printed().includes('Ctrl-C stops it') && started.child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 50));
  taken.close();
  expect(started.printed()).toContain(`port ${port} is taken by another program`);
  const url = /Open\s+(\S+)/.exec(started.printed())?.[1] ?? '';
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  started.child.kill('SIGTERM');
  expect(await started.ended).toBe(0);
});

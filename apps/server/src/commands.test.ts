import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, test } from 'vitest';

const command = (name: string): string => path.join(import.meta.dirname, `${name}.ts`);

test('a command does not break where nobody reads on', { timeout: 60_000 }, async () => {
  const child = spawn(process.execPath, [command('verify'), '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (piece) => (said += String(piece)));
  const [code] = (await once(child, 'close')) as [number];
  expect({ code, said }).toEqual({ code: 0, said: '' });
});

test('scrub says where no server answers', { timeout: 60_000 }, async () => {
  const args = [command('scrub'), 'list', '--email', 'owner@acme.test', '--url', 'http://127.0.0.1:9'];
  const child = await new Promise<{ code: unknown; said: string }>((done) => {
    execFile(process.execPath, args, { env: { ...process.env, SIGHTLINE_PASSWORD: 'x' } }, (error, _, said) =>
      done({ code: error?.code, said }),
    );
  });
  expect(child.code).toBe(2);
  expect(child.said).toMatch(/^No server answers at http:\/\/127\.0\.0\.1:9: .+ --url names another\.\n$/);
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterAll, expect, test } from 'vitest';
import { registerInterface } from './web-interface.ts';

const folder = mkdtempSync(join(tmpdir(), 'sightline-interface-'));
writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Sightline</title>');
mkdirSync(join(folder, 'assets'));
writeFileSync(join(folder, 'assets', 'main-1.js'), 'export {}');
writeFileSync(join(folder, '..', 'outside.txt'), 'not to be served');
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(join(folder, '..', 'outside.txt'));
});

const app = Fastify();
await registerInterface(app, folder);
const get = (url: string) => app.inject({ url, headers: { accept: 'text/html' } });

test.each(['/', '/logs?q=x', '/index.html', '/assets/main-1.js'])('%s carries the guards of the page', async (url) => {
  const { statusCode, headers } = await get(url);
  expect(statusCode).toBe(200);
  expect(headers['content-security-policy']).toContain("script-src 'self'");
  expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff' });
});

test.each(['/../outside.txt', '/%2e%2e/outside.txt', '/assets/..%2f..%2foutside.txt', '/..%5coutside.txt', '/%00'])(
  '%s stays inside the folder',
  async (url) => expect((await get(url)).body).not.toContain('not to be served'),
);

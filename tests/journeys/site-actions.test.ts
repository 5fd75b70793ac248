/**
 * A store mended from the browser: its agent enrolled with the command that the page gave, a real container stopped, seen,
 * its logs read, restarted after a confirmation, audited; the same over HTTP, and refused to whom it is not allowed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { desk, openBrowser, openPage } from '../support/browser.ts';
import { type Podman, podmanMissing, startPodman } from '../support/podman.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';

const missing = podmanMissing();
const agentMain = path.join(import.meta.dirname, '../../apps/agent/src/main.ts');
const store = 'STORE_047';

describe.skipIf(missing)(`a store's containers${missing ? ` (${missing})` : ''}`, () => {
  let product: Product;
  let browser: Browser;
  let podman: Podman;
  let page: Page;
  let faults: string[];
  let agent: ChildProcess | undefined;
  let agentFolder: string;

  beforeAll(async () => {
    agentFolder = mkdtempSync(path.join(tmpdir(), 'sightline-agent-'));
    writeFileSync(path.join(agentFolder, 'policy.json'), '{"restart":["backend"]}');
    [product, browser, podman] = await Promise.all([startProduct({ env: headless }), openBrowser(), startPodman()]);
    podman.run('store-backend-1', 'echo backend is up; while true; do echo tick; sleep 5; done', {
      service: 'backend',
    });
    podman.run('store-postgres-1', 'sleep 9999', { service: 'postgres' });
    ({ page, faults } = await openPage(browser, desk));
    page.setDefaultTimeout(20_000);
    await page.goto(`${product.url}/sign-in`);
    await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
    await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === '/');
  });
  afterAll(async () => {
    agent?.kill('SIGTERM');
    await browser?.close();
    await Promise.all([product?.close(), podman?.close()]);
    rmSync(agentFolder, { recursive: true, force: true });
  });

  const rowOf = (service: string) => page.getByRole('row', { name: new RegExp(`^${service}`) });
  const ask = async (key: string, method: 'GET' | 'POST', address: string, body?: object) => {
    const reply = await fetch(product.url + address, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
  };
  const restart = (key: string, service: string, site = store) =>
    ask(key, 'POST', `/diagnostics/${site}/restart-service`, { service, timeoutS: 1 });
  /** A key as the settings page makes it. */
  async function makeKey(...may: string[]): Promise<string> {
    return page.evaluate(async (permissions) => {
      const me = (await (await fetch('/api/v1/session')).json()) as { csrfToken: string };
      const reply = await fetch('/api/v1/keys', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-csrf-token': me.csrfToken },
        body: JSON.stringify({ name: permissions.join(' and '), permissions }),
      });
      return ((await reply.json()) as { secret: string }).secret;
    }, may);
  }

  test('the agent is enrolled with the command that the page shows once', async () => {
    await page.goto(`${product.url}/settings?tab=agents`);
    await page.getByRole('combobox', { name: 'Enrol an agent for the site' }).fill(store);
    await page.getByRole('button', { name: 'Make the command' }).click();
    const command = (await page.locator('.shown-once code').textContent()) ?? '';
    const [, server = '', token = ''] = /^npm run agent -- --server (\S+) --token (\S+)$/.exec(command) ?? [];
    expect(server).toBe(product.url);
    agent = spawn(
      process.execPath,
      [
        agentMain,
        '--server',
        server,
        '--token',
        token,
        '--data',
        agentFolder,
        '--receive-port',
        '0',
        '--health-port',
        '0',
      ],
      { stdio: 'ignore', env: { ...process.env, DOCKER_HOST: podman.host } },
    );
    await page.getByRole('table').getByText('connected').waitFor();
  });

  test('a container that stopped is red on the site page within 15 s', async () => {
    await page.goto(`${product.url}/sites/${store}`);
    await rowOf('backend').getByText('running').waitFor({ timeout: 30_000 });
    podman.podman('kill', 'store-backend-1');
    await rowOf('backend').getByText('exited (137)').waitFor({ timeout: 15_000 });
    await page.getByText('1 of 2 down').waitFor();
  });

  test('its logs are read and it is restarted, after a confirmation that names it', async () => {
    await rowOf('backend').getByRole('link', { name: 'Logs' }).click();
    await page.getByRole('log').getByText('backend is up').first().waitFor();
    await page
      .getByText('Debian')
      .or(page.getByText(/of \d+ cores/))
      .first()
      .waitFor();
    await rowOf('backend').getByRole('button', { name: 'Restart' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(`Restart backend on ${store}`).waitFor();
    await dialog.getByRole('button', { name: 'Restart' }).click();
    await page.getByRole('status').getByText('backend was restarted').waitFor();
    await rowOf('backend').getByText('running').waitFor();
  });

  test('what the policy of the store does not list is refused, and the page says by whom', async () => {
    await rowOf('postgres').getByRole('button', { name: 'Restart' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Restart' }).click();
    await dialog.getByRole('alert').getByText('The policy of this site does not allow').waitFor();
    await dialog.getByRole('button', { name: 'Keep it as it is' }).click();
  });

  test('the same over HTTP, for keys that may', async () => {
    const operates = await makeKey('operate');
    const reads = await makeKey('query');
    expect(await ask(reads, 'GET', `/diagnostics/${store}/system-info`)).toMatchObject({ status: 200 });
    expect(await ask(reads, 'GET', `/diagnostics/${store}/docker-status`)).toMatchObject({
      status: 200,
      body: { containers: [{}, {}] },
    });
    expect(await ask(reads, 'GET', `/diagnostics/${store}/logs?service=backend&lines=1`)).toMatchObject({
      status: 200,
      body: { service: 'backend', lines: [{ stream: 'stdout' }] },
    });
    expect((await restart(reads, 'backend')).status).toBe(403);
    expect((await restart(operates, 'postgres')).status).toBe(403);
    expect((await restart(operates, 'nobody')).status).toBe(403);
    expect((await restart(operates, 'backend', 'STORE_999')).status).toBe(404);
    expect(await restart(operates, 'backend')).toMatchObject({ status: 200, body: { stateAfter: 'running' } });
  });

  test('who did it stands in the audit trail', async () => {
    await page.goto(`${product.url}/settings?tab=audit`);
    await page.getByText('diagnostics.restart-service.ended').first().waitFor();
    await page
      .getByText(/service backend.*done/)
      .first()
      .waitFor();
    expect(faults).toEqual([]);
  });

  test('an agent that was revoked cannot be asked any more', async () => {
    const operates = await makeKey('operate');
    await page.goto(`${product.url}/settings?tab=agents`);
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    const answer = await eventually(
      async () => restart(operates, 'backend'),
      ({ status }) => status === 404,
      10_000,
    );
    expect(answer).toMatchObject({ status: 404, body: { detail: expect.stringContaining('No agent is enrolled') } });
  });
});

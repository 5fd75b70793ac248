import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runRuleTests } from './run-rule-tests.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sightline-rule-tests-'));
cpSync(path.join(import.meta.dirname, 'testdata'), folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const good = path.join(folder, 'shops.test.yml');
const promtool = spawnSync('promtool', ['--version']).status === 0;

/** The same tests with one expectation changed. */
function changed(from: string, to: string): string {
  const file = path.join(folder, `changed-${to.replaceAll(/\W/gu, '')}.yml`);
  writeFileSync(file, readFileSync(good, 'utf8').replace(from, to));
  return file;
}

describe('unit tests of rules', () => {
  it('pass', async () => {
    expect(await runRuleTests(good)).toEqual({ ok: true, value: [] });
  });

  it.each([
    ['has 0 tills', 'has 7 tills', 'alertname: ShopDown'],
    ['severity: page', 'severity: info', 'alertname: ShopDown'],
    ['value: 2', 'value: 3', 'expr: "shop:tills_up:sum"'],
    ['is 940ms', 'is 1s', 'alertname: SlowTills'],
  ])('say what differs: %s as %s', async (from, to, where) => {
    const file = changed(from, to);
    const run = await runRuleTests(file);
    expect(run.ok && run.value.some((text) => text.includes(where))).toBe(true);
    if (promtool) expect(spawnSync('promtool', ['test', 'rules', file]).status).not.toBe(0);
  });

  it.skipIf(!promtool)('pass where promtool says so', () => {
    expect(execFileSync('promtool', ['test', 'rules', good], { encoding: 'utf8' })).toContain('SUCCESS');
  });

  it('say that a file is not there, or is no YAML', async () => {
    expect(await runRuleTests(path.join(folder, 'none.yml'))).toMatchObject({ ok: false });
    expect(await runRuleTests(changed('tests:', 'tests: ["'))).toMatchObject({ ok: false });
  });

  it('refuse a file with a word that is none', async () => {
    expect(await runRuleTests(changed('tests:', 'tets:'))).toMatchObject({ ok: false });
  });
});

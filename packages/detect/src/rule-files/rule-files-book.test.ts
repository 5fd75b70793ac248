import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ruleFileBytes } from './parse-rule-file.ts';
import { RuleFilesBook, type RuleFilesBookParts } from './rule-files-book.ts';

let folder: string;
let clock: ManualClock;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sightline-rules-'));
  clock = new ManualClock(1_800_000_000_000);
});
afterEach(() => rmSync(folder, { recursive: true }));

function book(over: Partial<RuleFilesBookParts> = {}): RuleFilesBook {
  const control = {
    organisations: { first: async () => ({ id: 'org_1' }) },
    ruleFiles: { listAll: async () => [] },
  } as unknown as RuleFilesBookParts['control'];
  return new RuleFilesBook({ control, folder, clock, logger: silentLogger, ...over });
}
const group = (name: string): string => `groups: [{ name: ${name}, rules: [{ record: a:b, expr: up }] }]`;
const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
const groupsOf = (of: RuleFilesBook): string[] =>
  [...of.files()].flatMap(({ groups }) => groups.map(({ name }) => name));

it('reads the folder at once when asked to, not only when it is due', async () => {
  write('a.yml', group('one'));
  const rules = book();
  await rules.refresh();
  write('b.yml', group('two'));
  await rules.refresh();
  expect(groupsOf(rules)).toEqual(['one']);
  expect(await rules.reload()).toEqual({ ok: true, value: { files: 2, groups: 2 } });
  expect(groupsOf(rules)).toEqual(['one', 'two']);
  rmSync(path.join(folder, 'a.yml'));
  expect(await rules.reload()).toEqual({ ok: true, value: { files: 1, groups: 1 } });
  expect(groupsOf(rules)).toEqual(['two']);
});

it.each([
  ['is wrong', 'groups: [{ name: one, rules: [{ record: a:b, expr: "up +" }] }]', 'a.yml: '],
  ['is too long', ' '.repeat(ruleFileBytes + 1), 'a.yml is longer than'],
])('keeps what a file said before while it %s, says why, and goes on with the others', async (_, text, why) => {
  write('a.yml', group('one'));
  const rules = book();
  await rules.refresh();
  write('a.yml', text);
  write('b.yml', group('two'));
  const reloaded = await rules.reload();
  expect(reloaded?.ok === false && reloaded.error).toContain(why);
  expect(groupsOf(rules)).toEqual(['one', 'two']);
  // It is said again for who asks again.
  expect((await rules.reload())?.ok).toBe(false);
  write('a.yml', group('three'));
  expect((await rules.reload())?.ok).toBe(true);
  expect(groupsOf(rules)).toContain('three');
});

it('has nothing to read without a folder', async () => {
  expect(await book({ folder: '' }).reload()).toBeUndefined();
});

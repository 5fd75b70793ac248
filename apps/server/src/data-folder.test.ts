import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeDataFolder } from './data-folder.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'sightline-data-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('makes all that is missing, closed to others, and leaves what is there', () => {
  const folder = path.join(scratch, 'a', 'b c', 'data');
  makeDataFolder(folder);
  makeDataFolder(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test.runIf(existsSync('/proc/self'))('a file system that takes no folders is an error, not a wait', () => {
  expect(() => makeDataFolder('/proc/nowhere/data')).toThrow(/ENOENT|EACCES|EPERM/);
});

test('a file in the way is an error', () => {
  writeFileSync(path.join(scratch, 'file'), '');
  expect(() => makeDataFolder(path.join(scratch, 'file', 'data'))).toThrow(/EEXIST|ENOTDIR/);
  expect(() => makeDataFolder(path.join(scratch, 'file'))).toThrow(/EEXIST/);
});

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { InMemoryTarget } from '../test-support/in-memory-target.ts';
import { runScript } from './run-script.ts';

const folder = path.join(import.meta.dirname, '../testdata');

describe('our own scripts', () => {
  it.each(readdirSync(folder))('%s', async (file) => {
    const run = await runScript(readFileSync(path.join(folder, file), 'utf8'), new InMemoryTarget());
    if (!run.ok) throw new Error(run.error);
    const differences = run.value.filter(({ difference }) => difference !== undefined);
    expect(
      differences.map(({ line, expression, difference }) => `${line}: ${expression}: ${difference ?? ''}`),
    ).toEqual([]);
    expect(run.value.length).toBeGreaterThan(10);
  });
});

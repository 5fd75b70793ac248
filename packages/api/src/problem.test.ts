import { jsonLogger, systemClock } from '@sightline/base';
import { expect, test } from 'vitest';
import { problemOfError } from './problem.ts';

test('a failed query is logged with its reason, without the values it was given', () => {
  const lines: string[] = [];
  const logger = jsonLogger(systemClock, (line) => void lines.push(line), 'info');
  const cause = new Error('the disk is full');
  const query = 'insert into "people" ("email") values ($1)';
  const failed = Object.assign(new Error(`Failed query: ${query}\nparams: ann@stores.example`, { cause }), {
    query,
    params: ['ann@stores.example'],
  });
  const { problem } = problemOfError(failed, logger, 'POST /x');
  expect(problem).toMatchObject({ status: 500 });
  expect(problem.detail).not.toContain('disk');
  expect(lines.join('')).toContain('the disk is full');
  expect(lines.join('')).toContain('insert into');
  expect(lines.join('')).not.toContain('ann@stores.example');
});

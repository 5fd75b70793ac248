import { jsonLogger, systemClock } from '@sightline/base';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { invalidInput, problemOfError } from './problem.ts';

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

test('a control plane database that does not answer is told as a state that passes', () => {
  const lines: string[] = [];
  const logger = jsonLogger(systemClock, (line) => void lines.push(line), 'info');
  const cause = new Error('timeout exceeded when trying to connect');
  const failed = Object.assign(new Error('Failed query: select\nparams: ann@stores.example', { cause }), {
    query: 'select',
    params: ['ann@stores.example'],
  });
  const { problem, headers } = problemOfError(failed, logger, 'GET /x');
  expect(problem).toMatchObject({ status: 503, detail: expect.stringMatching(/try again/) });
  expect(headers).toEqual({ 'retry-after': '5' });
  expect(lines.join('')).toContain('timeout exceeded');
  expect(lines.join('')).not.toContain('ann@stores.example');
});

const schema = z.object({
  from: z.coerce.number(),
  name: z.string(),
  kind: z.enum(['log', 'span']),
  limit: z.number().max(10).optional(),
  deep: z.array(z.object({ at: z.number() })).optional(),
});
const good = { from: 1, name: 'a', kind: 'log' };

test.each<[string, unknown, Record<string, string>]>([
  [
    'a missing number that would be read from text',
    { ...good, from: undefined },
    { from: 'is missing: expected number' },
  ],
  ['a missing text', { from: 1, kind: 'log' }, { name: 'is missing: expected string' }],
  ['a missing choice', { from: 1, name: 'a' }, { kind: 'is missing: Invalid option: expected one of "log"|"span"' }],
  ['no number', { ...good, from: 'soon' }, { from: 'expected number' }],
  ['another type', { ...good, name: 7 }, { name: 'expected string, received number' }],
  ['too much', { ...good, limit: 11 }, { limit: 'Too big: expected number to be <=10' }],
  ['a missing field of an entry', { ...good, deep: [{ at: 1 }, {}] }, { 'deep.1.at': 'is missing: expected number' }],
  ['no object at all', undefined, { query: 'is missing: expected object' }],
])('%s is told by field, without its value', (_, input, fields) => {
  const parsed = schema.safeParse(input);
  expect(invalidInput('query', input, parsed.error ?? new z.ZodError([]))).toMatchObject({
    problem: { status: 422, title: 'The query is not valid', fields },
  });
});

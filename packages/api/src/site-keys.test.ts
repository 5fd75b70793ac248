import { describe, expect, it } from 'vitest';
import { ProblemReply } from './route.ts';
import { boundToSite } from './site-keys.ts';

const nothing = { params: undefined, query: undefined, body: undefined };
const call = (line: string, input: object = {}, keySite = 'STORE_047') => {
  const [method, path] = line.split(' ') as ['GET', string];
  const bound = boundToSite({ method, path }, { keySite }, { ...nothing, ...input });
  return bound instanceof ProblemReply ? bound.problem.status : bound;
};

describe('a key that is bound to a site', () => {
  it.each([
    ['GET /api/v1/logs', { q: 'x', site: '' }],
    ['GET /api/v1/logs', { q: 'x', site: 'STORE_047' }],
    ['GET /api/v1/traces', { site: '' }],
  ])('%s with %j is about its site', (line, query) => {
    expect(call(line, { query })).toMatchObject({ query: { ...query, site: 'STORE_047' } });
  });

  it.each([
    ['GET /api/v1/logs', { query: { site: 'STORE_001' } }],
    ['GET /api/v1/sites/:site', { params: { site: 'STORE_001' } }],
    ['GET /api/v1/sites/:site', { params: { site: 'STORE_001' }, query: { site: 'STORE_047' } }],
    ['GET /api/v1/logs/:id/context', { params: { id: '1-2' }, query: { lines: 3 } }],
    ['GET /api/v1/archive/days', { query: {} }],
    ['POST /api/v1/pipelines/try', { body: { site: 'STORE_047' } }],
    ['POST /api/v1/monitors', { query: { site: 'STORE_047' }, body: {} }],
    ['GET /api/v1/rules', {}],
    ['GET /api/v1/silences', {}],
  ])('%s with %j is refused', (line, input) => {
    expect(call(line, input)).toBe(403);
  });

  it.each([
    ['GET /api/v1/sites/:site', { params: { site: 'STORE_047' } }],
    ['POST /api/v1/incidents/:number/acknowledge', { params: { number: 1 } }],
    ['DELETE /api/v1/silences/:id', { params: { id: 'a' } }],
    ['POST /api/v1/metrics/query', { body: { site: '' } }],
    ['GET /api/v1/rule-groups', {}],
  ])('%s with %j goes on as it came', (line, input) => {
    expect(call(line, input)).toEqual({ ...nothing, ...input });
  });
});

it('other callers are not touched', () => {
  expect(call('GET /api/v1/rules', {}, '')).toEqual(nothing);
  expect(call('GET /api/v1/logs', { query: { site: '' } }, '')).toEqual({ ...nothing, query: { site: '' } });
});

import { describe, expect, it } from 'vitest';
import { planQuestions } from './plan.ts';
import { questionKey, type MetricQuestion, type Question, type RecordsQuestion } from './questions.ts';
import { pullScope, scopeLabels } from './records-plan.ts';

const site = (i: number): string => `STORE_${String(i).padStart(3, '0')}`;
const count = (query: string, more: Partial<RecordsQuestion> = {}): RecordsQuestion => ({
  kind: 'records',
  table: 'logs',
  query,
  windowMs: 300_000,
  by: [],
  measure: 'count',
  ...more,
});
const metric = (more: Partial<MetricQuestion> = {}): MetricQuestion => ({
  kind: 'metric',
  metrics: ['payment.attempts'],
  where: {},
  by: [],
  windowMs: 300_000,
  aggregate: 'increase',
  ...more,
});
const ofSites = (make: (name: string) => Question): Question[] => Array.from({ length: 500 }, (_, i) => make(site(i)));

describe('a plan', () => {
  const plans: [what: string, questions: Question[], queries: number][] = [
    ['one condition of 500 sites', ofSites((name) => count(`severity:>=error site:${name}`)), 1],
    [
      'the same whatever the order of the terms and the name of the field',
      ofSites((name) => count(name < site(250) ? `store:${name} severity:>=error` : `severity:>=error site:"${name}"`)),
      1,
    ],
    ['conditions share a query as its columns', [count('timeout'), count('declined'), count('/x+/')], 1],
    [
      'conditions that words narrow stay apart from those that read everything',
      [count('timeout'), count('severity:error')],
      2,
    ],
    ['another window is another query', [count('timeout'), count('timeout', { windowMs: 60_000 })], 2],
    ['another grouping is another query', [count('timeout'), count('timeout', { by: ['site'] })], 2],
    [
      'a site that is fixed and a site that is grouped by are one grouping',
      [count('timeout', { by: ['site'] }), count('timeout site:A')],
      1,
    ],
    ['another table is another query', [count('timeout'), count('timeout', { table: 'errors' })], 2],
    ['500 distinct conditions are columns of a hundred', Array.from({ length: 500 }, (_, i) => count(`word${i}`)), 5],
    ['a metric of 500 sites', ofSites((name) => metric({ where: { site: name, outcome: 'failure' } })), 1],
    [
      'parts and wholes of a metric',
      [metric({ by: ['site'], where: { outcome: 'failure' } }), metric({ by: ['site'] })],
      1,
    ],
    ['counters and levels', [metric(), metric({ aggregate: 'avg' }), metric({ aggregate: 'max' })], 2],
    ['levels of machines', (['cpu', 'disk', 'queue'] as const).map((vital): Question => ({ kind: 'vital', vital })), 1],
    ['silence of 500 sites', ofSites((name): Question => ({ kind: 'seen', by: ['site'], where: { site: name } })), 1],
    ['nothing', [], 0],
  ];
  it.each(plans)('%s', (_, questions, queries) => {
    const batches = planQuestions(questions);
    expect(batches).toHaveLength(queries);
    const answered = batches.flatMap((batch) => batch.answers);
    expect(new Set(answered)).toEqual(new Set(questions.map(questionKey)));
    expect(answered).toHaveLength(new Set(answered).size);
  });

  it('leaves what failed alone', () => {
    const bad = count('word3');
    const batches = planQuestions(
      Array.from({ length: 10 }, (_, i) => count(`word${i}`)),
      new Set([questionKey(bad)]),
    );
    expect(batches.map((batch) => batch.answers.length).sort((a, b) => a - b)).toEqual([1, 9]);
  });

  it('splits until one question is left', () => {
    const split = (batches: ReturnType<typeof planQuestions>): number[] =>
      batches.flatMap((batch) => {
        const halves = batch.halves();
        return halves ? split([...halves]) : [batch.answers.length];
      });
    expect(split(planQuestions(Array.from({ length: 7 }, (_, i) => count(`word${i}`))))).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });
});

describe('the scope of a search', () => {
  it.each([
    ['site:A service:b x', { site: 'a', service: 'b' }],
    ['site:A site:B', { site: 'a' }],
    ['site:A OR site:B', {}],
    ['-site:A', {}],
    ['site:A*', {}],
    ['(site:A x)', { site: 'a' }],
    ['env:prod', { environment: 'prod' }],
    ['device:T1', {}],
  ])('%s', (query, scope) => {
    const pulled = pullScope(count(query));
    expect(pulled.ok && Object.fromEntries(pulled.value.scope)).toEqual(scope);
  });

  it('keeps a second value of the same field as a condition', () => {
    const pulled = pullScope(count('site:A site:B'));
    expect(pulled.ok && pulled.value.rest.kind).toBe('field');
  });

  it('is a label as it was written', () => expect(scopeLabels('logs', 'store:Store_7 x')).toEqual({ site: 'Store_7' }));
});

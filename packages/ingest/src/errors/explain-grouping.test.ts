import { expect, it } from 'vitest';
import { explainGrouping } from './explain-grouping.ts';

const explain = (body: unknown, rules: { fingerprint?: string; stack?: string } = {}) => {
  const explained = explainGrouping(body, { fingerprint: '', stack: '', ...rules });
  if (!explained.ok) throw new Error(JSON.stringify(explained.error));
  return explained.value;
};
const used = (body: unknown): string[] =>
  explain(body).parts.flatMap((part) => (part.used ? [`${part.kind} ${part.value}`] : []));
const issue = (body: unknown): string => explain(body).issue;

it('a message that was never a template is told by what it says', () => {
  const said = (formatted: string) => ({ platform: 'java', logentry: { formatted } });
  expect(used(said('Drawer 3 is open'))).toEqual(['message Drawer <n> is open']);
  expect(issue(said('Drawer 3 is open'))).toBe(issue(said('Drawer 4 is open')));
  expect(issue(said('Drawer 3 is open'))).not.toBe(issue(said('Paper is out')));
  expect(used({ logentry: { message: 'Lane %s', formatted: 'Lane 7', params: ['7'] } })).toEqual(['message Lane %s']);
});

it('an aggregate of one kind of error is that error, of several it is their sum', () => {
  const member = (id: number, type: string, value: string, parent = 0) => ({
    type,
    value,
    mechanism: { type: 'chained', exception_id: id, parent_id: parent },
  });
  const whole = (id: number, parent?: number) => ({
    type: 'AggregateException',
    value: 'One or more errors occurred.',
    mechanism: { type: 'generic', is_exception_group: true, exception_id: id, parent_id: parent },
  });
  const of = (...values: object[]) => ({ platform: 'csharp', exception: { values } });
  const alone = of({ type: 'Timeout', value: 'after 5 s' });
  expect(used(of(member(2, 'Timeout', 'after 7 s'), member(1, 'Timeout', 'after 9 s'), whole(0)))).toEqual(used(alone));
  expect(issue(of(member(2, 'Timeout', 'after 7 s', 1), whole(1, 0), whole(0))), 'nested').toBe(issue(alone));
  expect(used(of(member(2, 'Timeout', 'after 7 s'), member(1, 'NoPaper', 'tray'), whole(0)))).toEqual([
    'type AggregateException',
    'message One or more errors occurred.',
    'cause NoPaper',
    'message tray',
    'cause Timeout',
    'message after <n> s',
  ]);
  expect(used(of({ ...member(1, 'NoPaper', 'tray'), mechanism: null }, { type: 'E', mechanism: 'odd' }))).toEqual([
    'type E',
    'cause NoPaper',
    'message tray',
  ]);
});

it('an error of Apple is told by its number', () => {
  const mechanism = { type: 'NSError', meta: { ns_error: { domain: 'NSURLErrorDomain', code: -1009 } } };
  const values = [{ type: 'NSURLErrorDomain', value: 'Keine Verbindung', mechanism }];
  expect(used({ platform: 'cocoa', exception: { values } })).toEqual([
    'type NSURLErrorDomain',
    'message NSURLErrorDomain -1009',
  ]);
});

it('a browser’s report about its policy is told by directive and origin', () => {
  const report = (blocked: string) => ({
    'csp-report': { 'effective-directive': 'script-src', 'blocked-uri': blocked },
  });
  expect(used(report('https://evil.example/a.js'))).toEqual([
    'fingerprint csp',
    'fingerprint script-src',
    'fingerprint https://evil.example',
  ]);
  expect(issue(report('https://evil.example/a.js'))).toBe(issue(report('https://evil.example/b.js')));
});

it('where a client calls some frames its own, those of which it says nothing are not', () => {
  const frame = (name: string, more: object = {}) => ({
    function: name,
    filename: `${name}.java`,
    module: `shop.${name}`,
    ...more,
  });
  const of = (...frames: object[]) => ({
    platform: 'java',
    exception: { values: [{ type: 'E', value: 'x', stacktrace: { frames } }] },
  });
  const framesIn = (body: unknown) => used(body).filter((part) => part.startsWith('frame'));
  expect(framesIn(of(frame('Job'), frame('Till', { in_app: true }), frame('Quartz')))).toEqual([
    'frame Till in shop.Till',
  ]);
  expect(framesIn(of(frame('Job'), frame('Till'), frame('Quartz', { in_app: false })))).toEqual([
    'frame Till in shop.Till',
    'frame Job in shop.Job',
  ]);
});

it('rules apply, and their faults are told', () => {
  const event = { exception: { values: [{ type: 'E', value: 'x' }] } };
  expect(explain(event, { fingerprint: 'error.type:E -> mine' }).parts[0]).toMatchObject({ value: 'mine', used: true });
  expect(explainGrouping(event, { fingerprint: 'nonsense', stack: '' })).toMatchObject({
    ok: false,
    error: [{ line: 1 }],
  });
  expect(explainGrouping(event, { fingerprint: '', stack: 'nonsense' })).toMatchObject({
    ok: false,
    error: [{ line: 1 }],
  });
});

it.each([null, 7, 'text', [], {}])('%j is grouped too', (body) => expect(explain(body).issue).toMatch(/^\d+$/));

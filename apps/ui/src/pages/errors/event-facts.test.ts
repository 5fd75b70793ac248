import type { ErrorEvent, IssueRow } from '@sightline/contract';
import { expect, test } from 'vitest';
import { compareEvents, differencesOf } from './event-facts.ts';
import { issueMarkdown } from './issue-markdown.ts';

const frame = (name: string, inApp: boolean, locals?: Record<string, string>) => ({
  function: name,
  file: 'pay.ts',
  line: 3,
  column: 7,
  inApp,
  module: '',
  contextLine: '',
  preContext: [],
  postContext: [],
  ...(locals && { locals }),
});
const event: ErrorEvent = {
  eventId: 'a'.repeat(32),
  issue: '00000000000000ab',
  at: Date.parse('2026-11-20T12:00:00Z'),
  tsNs: '0',
  type: 'PaymentError',
  message: '# declined *twice*',
  culprit: '',
  severity: 'error',
  site: 'STORE_1',
  device: '',
  service: 'till',
  environment: 'production',
  release: 'till@1',
  traceId: '',
  spanId: '',
  correlationId: '',
  handled: false,
  platform: 'node',
  transaction: '',
  exceptions: [
    {
      type: 'PaymentError',
      value: '``` declined',
      mechanism: '',
      handled: false,
      frames: [frame('pay', true, { amount: '12' }), frame('run', false)],
    },
  ],
  threads: [],
  threadsOmitted: 0,
  breadcrumbs: [{ at: 0, category: 'ui', level: 'info', message: 'Pay\npressed', data: '' }],
  groups: [{ name: 'user', fields: [{ label: 'Id', value: 'ana' }] }],
  tags: { lane: '1' },
  contexts: { os: { name: 'Linux', parts: [1, null] } },
  extra: {},
  attachments: [],
  sdk: '',
  dist: '',
  mappedLater: false,
};

test('two events differ in what one has and the other has not, or has otherwise', () => {
  const other: ErrorEvent = {
    ...event,
    release: 'till@2',
    tags: { lane: '1', till: '9' },
    contexts: { os: { name: 'Windows', parts: [1, null] } },
    exceptions: event.exceptions.map((one) => ({ ...one, frames: [frame('pay', true, { amount: '13' })] })),
  };
  const compared = compareEvents(event, other);
  const differences = differencesOf(compared).map(({ title, facts }) => [
    title,
    facts.map(({ name, left, right }) => `${name}: ${left}|${right}`),
  ]);
  expect(differences).toEqual([
    ['Event', ['Release: till@1|till@2']],
    ['Tags', ['till: |9']],
    ['Stack', ['2: run (pay.ts:3:7)|']],
    ['Local variables', ['pay · amount: 12|13']],
    ['More', ['os.name: Linux|Windows']],
  ]);
  expect(compared.find(({ title }) => title === 'More')?.facts.map(({ name }) => name)).toContain('os.parts.1');
  expect(differencesOf(compareEvents(event, event))).toEqual([]);
});

test('an issue as Markdown: no text of a client is markup, and no fence ends early', () => {
  const issue: IssueRow = {
    issue: event.issue,
    type: event.type,
    message: event.message,
    culprit: '',
    platform: 'node',
    service: 'till',
    severity: 'error',
    status: 'regressed',
    priority: 'high',
    regressedIn: '',
    woke: '',
    assignee: '',
    firstSeenAt: 0,
    lastSeenAt: event.at,
    firstRelease: 'till@1',
    lastRelease: 'till@1',
    events: 4,
    eventsTotal: 4,
    users: 2,
    sites: 1,
    money: [],
    moneyAbout: false,
    trend: [],
  };
  const markdown = issueMarkdown(issue, event, 'http://sl/errors/ab?event=a');
  expect(markdown).toContain('## PaymentError: \\# declined \\*twice\\*');
  expect(markdown).toContain('http://sl/errors/ab?event=a');
  expect(markdown).toContain('- **user id:** ana');
  expect(markdown).toContain('````\nPaymentError: ``` declined\n    at pay (pay.ts:3:7)\n    … 1 more\n````');
  expect(markdown).toContain('1970-01-01T00:00:00.000Z ui Pay pressed');
  expect(markdown).not.toContain('Correlation');
});

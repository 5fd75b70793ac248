import type { ClaimedNotification, NotificationKind, NotifiedIncident } from '@sightline/control';
import { describe, expect, it } from 'vitest';
import { buildMessage, spell } from './message.ts';

const nowMs = Date.UTC(2027, 0, 15, 8, 5);
const minute = 60_000;

function about(more: Partial<NotifiedIncident> = {}): NotifiedIncident {
  return {
    id: 'inc_1',
    number: 42,
    title: 'Payment failures at STORE_047',
    summary: '31 % of 42 payments',
    severity: 'critical',
    status: 'open',
    site: 'STORE_047',
    siteName: '',
    labels: {},
    runbook: '',
    openedAt: nowMs - 5 * minute,
    acknowledgedBy: '',
    assignee: '',
    resolvedAt: null,
    resolvedBy: '',
    resolvedHow: '',
    resolvedNote: '',
    next: null,
    firing: 0,
    findings: [],
    ...more,
  };
}
function message(kind: NotificationKind, incident: NotifiedIncident | null, note = '') {
  const claimed: ClaimedNotification = {
    id: 'ntf_1',
    organisation: 'org_1',
    incident: incident && incident.id,
    channel: 'chn_1',
    channelName: '#pos',
    channelType: 'slack',
    kind,
    round: 1,
    step: 0,
    note,
    link: kind === 'assigned' ? '/errors/ff' : '',
    receivers: [],
    teams: [],
    status: 'waiting',
    attempts: 1,
    log: [],
    nextAt: nowMs,
    createdAt: nowMs,
    finishedAt: null,
    leaseUntil: nowMs + minute,
    about: incident,
    via: undefined,
  };
  return buildMessage(claimed, 'https://sightline.example/', nowMs);
}
const finding = (title: string, more: object = {}) => ({
  title,
  summary: '31 %',
  state: 'firing' as const,
  link: '/logs?q=x',
  ...more,
});

it('an issue that was assigned is told with its place, and leads to its page', () => {
  expect(
    message('assigned', null, 'New issue for you: E: x\n1 event\nBy the rule site:A ann@shop.example'),
  ).toMatchObject({
    headline: 'New issue for you: E: x',
    lines: ['1 event', 'By the rule site:A ann@shop.example'],
    link: 'https://sightline.example/errors/ff',
    incident: null,
  });
});

describe('the headline', () => {
  it.each<[NotificationKind, Partial<NotifiedIncident>, string]>([
    ['opened', {}, 'Critical: Payment failures at STORE_047 (#42)'],
    ['worse', { severity: 'high' }, 'High: Payment failures at STORE_047 (#42)'],
    ['acknowledged', { status: 'acknowledged' }, 'Acknowledged: Payment failures at STORE_047 (#42)'],
    ['resolved', { status: 'resolved' }, 'Resolved: Payment failures at STORE_047 (#42)'],
    // It ended before this could be sent: the old alarm must not wake anybody.
    ['opened', { status: 'resolved' }, 'Resolved: Payment failures at STORE_047 (#42)'],
  ])('of %s with %o', (kind, more, headline) => {
    expect(message(kind, about(more)).headline).toBe(headline);
  });
});

describe('the news', () => {
  it.each<[NotificationKind, Partial<NotifiedIncident>, string]>([
    ['opened', {}, ''],
    ['escalated', {}, 'Nobody has acknowledged it for 5 min.'],
    ['acknowledged', { acknowledgedBy: 'ann@stores.example' }, 'ann@stores.example has it. Escalation has stopped.'],
    ['resolved', { resolvedAt: nowMs, resolvedHow: 'by-itself' }, 'Resolved by itself after 5 min.'],
    [
      'resolved',
      { resolvedAt: nowMs, resolvedHow: 'on-site', resolvedBy: 'ann', resolvedNote: 'cable' },
      'Resolved on site after 5 min by ann. “cable”',
    ],
  ])('of %s with %o', (kind, more, news) => expect(message(kind, about(more)).news).toBe(news));

  it('is not said twice where the note says it', () => {
    expect(message('escalated', about(), 'Nobody acknowledged for 5 min.').news).toBe('');
  });
});

describe('the measures', () => {
  it('of one finding are its own', () => {
    expect(message('opened', about({ firing: 1, findings: [finding('Payment failures')] })).lines).toEqual(['31 %']);
  });
  it('of many are a line each, and how many more', () => {
    const findings = ['A', 'B', 'C', 'D', 'E'].map((title) => finding(title));
    expect(message('opened', about({ firing: 34, findings })).lines).toEqual([
      'A: 31 %',
      'B: 31 %',
      'C: 31 %',
      'D: 31 %',
      'E: 31 %',
      '… and 29 more',
    ]);
  });
  it('without findings are the incident’s', () => {
    expect(message('opened', about()).lines).toEqual(['31 % of 42 payments']);
  });
});

describe('links and who is next', () => {
  it('are whole', () => {
    const built = message('opened', about({ findings: [finding('A'), finding('B', { link: '' })] }));
    expect(built.link).toBe('https://sightline.example/incidents/42');
    expect(built.incident?.findings.map(({ link }) => link)).toEqual(['https://sightline.example/logs?q=x', '']);
  });
  it('say when', () => {
    const next = { at: nowMs + 5 * minute, channels: ['Night shift', 'Manager'] };
    expect(message('opened', about({ next })).next).toBe(
      'Next: Night shift, Manager in 5 min, unless somebody acknowledges.',
    );
    expect(message('acknowledged', about({ next, status: 'acknowledged' })).next).toBe('');
  });
  it('of a test lead to the channels', () => {
    expect(message('test', null)).toMatchObject({
      incident: null,
      link: 'https://sightline.example/alerting?tab=channels',
    });
  });
});

describe('lengths', () => {
  it.each([
    [-5, '0 s'],
    [40_000, '40 s'],
    [5 * minute, '5 min'],
    [130 * minute, '2 h 10 min'],
    [28 * 60 * minute, '1 d 4 h'],
  ])('%i ms are %s', (ms, text) => expect(spell(ms)).toBe(text));
});

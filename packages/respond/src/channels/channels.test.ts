import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import { silentLogger, systemClock } from '@sightline/base';
import type { Channel } from '@sightline/control';
import { afterEach, describe, expect, it } from 'vitest';
import { attempt } from '../notify/attempt.ts';
import type { Message, MessageIncident } from '../notify/message.ts';
import {
  type HttpReceiver,
  type MailReceiver,
  type MailReceiverOptions,
  startHttpReceiver,
  startMailReceiver,
  testCertificate,
} from '../testing/index.ts';
import { allChannels } from './all.ts';
import type { SendEnding } from './channel.ts';

const incident: MessageIncident = {
  id: 'inc_1',
  number: 42,
  title: 'Payment failures at STORE_047',
  summary: '31 % of 42 payments in 5 min, limit 10 %',
  severity: 'critical',
  status: 'open',
  site: 'STORE_047',
  siteName: 'Austin, 6th Street',
  labels: { site: 'STORE_047', service: 'payment' },
  runbook: 'https://wiki.example/payments',
  openedAt: Date.UTC(2027, 0, 15, 8),
  acknowledgedBy: '',
  assignee: '',
  resolvedAt: null,
  resolvedBy: '',
  resolvedHow: '',
  resolvedNote: '',
  firing: 1,
  next: { at: Date.UTC(2027, 0, 15, 8, 5), channels: ['E-mail on-call'] },
  findings: [
    { title: 'Payment failures', summary: '31 %', state: 'firing', link: 'https://sightline.example/logs?q=x' },
  ],
};

function message(more: Partial<Message> = {}): Message {
  return {
    id: 'ntf_abc',
    kind: 'opened',
    at: Date.UTC(2027, 0, 15, 8, 0, 10),
    headline: 'Critical: Payment failures at STORE_047 (#42)',
    news: '',
    lines: ['31 % of 42 payments in 5 min, limit 10 %'],
    next: 'Next: E-mail on-call in 5 min, unless somebody acknowledges.',
    note: '',
    incident,
    link: 'https://sightline.example/incidents/42',
    publicUrl: 'https://sightline.example',
    receivers: [],
    ...more,
  };
}

function channel(type: string, settings: unknown): Channel {
  return {
    id: 'chn_1',
    organisation: 'org_1',
    name: type,
    type,
    settings,
    enabled: true,
    createdAt: 0,
    updatedAt: 0,
    updatedBy: '',
    lastDeliveredAt: null,
    lastFailedAt: null,
    lastError: '',
  };
}

const never = new AbortController().signal;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

interface SendOptions {
  readonly message?: Message;
  readonly limitMs?: number;
  readonly certificates?: readonly string[];
  readonly stop?: AbortSignal;
}
const send = (type: string, settings: unknown, options: SendOptions = {}) =>
  attempt(
    options.message ?? message(),
    channel(type, settings),
    {
      clock: systemClock,
      logger: silentLogger,
      ...(options.limitMs === undefined ? {} : { limitMs: options.limitMs }),
      ...(options.certificates ? { certificates: options.certificates } : {}),
    },
    options.stop ?? never,
  );

async function http(options: { tls?: boolean } = {}): Promise<HttpReceiver> {
  const receiver = await startHttpReceiver(options);
  open.push(receiver);
  return receiver;
}
async function mail(options: MailReceiverOptions = {}): Promise<MailReceiver> {
  const receiver = await startMailReceiver(options);
  open.push(receiver);
  return receiver;
}
/** A port where nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
/** Takes connections and never says a word. */
async function silentPort(): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

const secret = 'zx81-secret';
const mailSettings = (port: number, more = {}) => ({
  host: '127.0.0.1',
  port,
  tls: 'none',
  from: 'sightline@example.com',
  to: ['on-call@example.com'],
  ...more,
});
/** How each kind is pointed at a port; all carry the same secret. */
const pointed: Readonly<Record<string, (port: number, scheme: 'http' | 'https') => unknown>> = {
  slack: (port, scheme) => ({ url: `${scheme}://127.0.0.1:${port}/services/${secret}` }),
  webhook: (port, scheme) => ({
    url: `${scheme}://127.0.0.1:${port}/in`,
    secret,
    headers: { authorization: `Bearer ${secret}` },
  }),
  email: (port, scheme) =>
    mailSettings(port, { tls: scheme === 'https' ? 'tls' : 'none', user: 'u', password: secret }),
};
const portOf = (url: string): number => Number(new URL(url).port);

describe('every channel', () => {
  it('is covered by these tests', () => {
    expect(allChannels.map(({ name }) => name).sort()).toEqual(Object.keys(pointed).sort());
  });

  describe.each(allChannels.map(({ name }) => name))('%s', (name) => {
    const settings = (port: number, scheme: 'http' | 'https' = 'http') => pointed[name]?.(port, scheme);
    const expectQuiet = (ending: SendEnding) => expect(JSON.stringify(ending)).not.toContain(secret);

    it('retries where nobody listens', async () => {
      const ending = await send(name, settings(await deadPort()));
      expect(ending).toMatchObject({ ending: 'retry' });
      expectQuiet(ending);
    });

    it('retries where nobody answers, within its time', async () => {
      const started = Date.now();
      const ending = await send(name, settings(await silentPort()), { limitMs: 300 });
      expect(ending).toMatchObject({ ending: 'retry' });
      expect(Date.now() - started).toBeLessThan(2000);
      expectQuiet(ending);
    });

    it('ends at once when the server stops', async () => {
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 100);
      const started = Date.now();
      expect(await send(name, settings(await silentPort()), { stop: stop.signal })).toMatchObject({ ending: 'retry' });
      expect(Date.now() - started).toBeLessThan(2000);
    });

    it('fails on a certificate that nobody vouches for', async () => {
      const port = name === 'email' ? (await mail({ tls: 'tls' })).port : portOf((await http({ tls: true })).url);
      const ending = await send(name, settings(port, 'https'));
      expect(ending).toMatchObject({ ending: 'failed' });
      expect(ending.detail).toMatch(/certificate/i);
      expectQuiet(ending);
    });

    it('fails when its settings no longer fit', async () => {
      expect(await send(name, {})).toMatchObject({ ending: 'failed' });
      expect(await send(name, undefined)).toMatchObject({ ending: 'failed' });
    });
  });

  it('of a kind that is gone fails', async () => {
    expect(await send('pigeon', {})).toMatchObject({
      ending: 'failed',
      detail: expect.stringContaining('pigeon') as string,
    });
  });
});

describe.each(['slack', 'webhook'])('%s over HTTP', (name) => {
  it.each<[string, number, Record<string, string>, Partial<SendEnding> & { afterMs?: number }]>([
    ['delivers on 200', 200, {}, { ending: 'delivered' }],
    ['delivers on 204', 204, {}, { ending: 'delivered' }],
    ['fails on 400', 400, {}, { ending: 'failed' }],
    ['fails on 401', 401, {}, { ending: 'failed' }],
    ['fails on 404', 404, {}, { ending: 'failed' }],
    ['fails on 410', 410, {}, { ending: 'failed' }],
    ['retries on 408', 408, {}, { ending: 'retry', afterMs: 0 }],
    ['retries on 429 when it says', 429, { 'retry-after': '7' }, { ending: 'retry', afterMs: 7000 }],
    ['retries on 429 without a word', 429, { 'retry-after': 'soon' }, { ending: 'retry', afterMs: 0 }],
    ['retries on 500', 500, {}, { ending: 'retry', afterMs: 0 }],
    ['retries on 503 when it says', 503, { 'retry-after': '30' }, { ending: 'retry', afterMs: 30_000 }],
    ['does not follow a redirect', 302, { location: 'http://127.0.0.1:1/admin' }, { ending: 'failed' }],
    ['does not follow a redirect that keeps the method', 307, { location: '/elsewhere' }, { ending: 'failed' }],
  ])('%s', async (_, status, headers, expected) => {
    const receiver = await http();
    receiver.answer({ status, headers, body: status === 204 ? '' : 'what it says' });
    const ending = await send(name, pointed[name]?.(portOf(receiver.url), 'http'));
    expect(ending).toMatchObject(expected);
    expect(receiver.calls).toHaveLength(1);
    if (status >= 400) expect(ending.detail).toContain('what it says');
  });

  it('retries on a date in Retry-After', async () => {
    const receiver = await http();
    receiver.answer({ status: 503, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } });
    const ending = await send(name, pointed[name]?.(portOf(receiver.url), 'http'));
    if (ending.ending !== 'retry') throw new Error(ending.detail);
    expect(ending.afterMs).toBeGreaterThan(57_000);
    expect(ending.afterMs).toBeLessThanOrEqual(60_000);
  });

  it('reads no more of an endless answer than it needs', async () => {
    const receiver = await http();
    receiver.answer((response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const ending = await send(name, pointed[name]?.(portOf(receiver.url), 'http'), { limitMs: 5000 });
    expect(ending).toMatchObject({ ending: 'delivered' });
    expect(ending.detail.length).toBeLessThan(300);
  });

  it('retries where the connection breaks', async () => {
    const receiver = await http();
    receiver.answer((response) => void response.destroy());
    expect(await send(name, pointed[name]?.(portOf(receiver.url), 'http'))).toMatchObject({ ending: 'retry' });
  });

  it('delivers over TLS that is vouched for', async () => {
    const receiver = await http({ tls: true });
    const ending = await send(name, pointed[name]?.(portOf(receiver.url), 'https'), {
      certificates: [testCertificate.cert],
    });
    expect(ending).toMatchObject({ ending: 'delivered' });
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[fe80::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[64:ff9b::169.254.169.254]/',
    'http://100.100.100.200/latest/meta-data',
    'http://168.63.129.16/',
    'http://[::ffff:100.100.100.200]/',
    'http://0xa9fea9fe/',
  ])('sends nothing to %s', async (url) => {
    expect(await send(name, { url }, { limitMs: 1000 })).toMatchObject({
      ending: 'failed',
      detail: expect.stringContaining('link-local') as string,
    });
  });
});

describe('slack', () => {
  async function sent(more: Partial<Message> = {}, mention = ''): Promise<Record<string, unknown>> {
    const receiver = await http();
    await send('slack', { url: `${receiver.url}/services/T/B/x`, mention }, { message: message(more) });
    return receiver.calls[0]?.json() ?? {};
  }

  it('says what, where, since when, who is next, and leads there', async () => {
    const text = JSON.stringify(await sent());
    for (const words of [
      'Critical: Payment failures at STORE_047 (#42)',
      '31 % of 42',
      'STORE_047 (Austin, 6th Street)',
      '<!date^1800000000^',
      'E-mail on-call in 5 min',
      'https://sightline.example/incidents/42',
      'https://wiki.example/payments',
    ])
      expect(text).toContain(words);
  });

  it('stays within Block Kit’s limits and lets nothing through as markup', async () => {
    const body = await sent({
      headline: `<!channel> & ${'x'.repeat(500)}`,
      lines: Array.from({ length: 5 }, () => `<@U1> ${'y'.repeat(2000)}`),
      incident: { ...incident, site: '<!here>', siteName: 'z'.repeat(4000) },
    });
    const blocks = body['blocks'] as { type: string; text?: { text: string }; fields?: { text: string }[] }[];
    expect(blocks[0]?.text?.text.length).toBeLessThanOrEqual(150);
    for (const block of blocks) {
      if (block.type === 'section') expect(block.text?.text.length ?? 0).toBeLessThanOrEqual(3000);
      for (const field of block.fields ?? []) expect(field.text.length).toBeLessThanOrEqual(2000);
    }
    const markup = blocks.filter(({ type }) => type !== 'header');
    expect(JSON.stringify(markup)).not.toMatch(/<[@!](U1|channel|here)/);
    expect(String(body['text'])).not.toContain('<!channel>');
  });

  it.each(['https://wiki.example:99999/a', 'https://', 'javascript:alert(1)', `https://a.example/${'x'.repeat(3000)}`])(
    'leaves out an address for which Slack would refuse the message: %.40s',
    async (address) => {
      const [finding] = incident.findings;
      if (!finding) throw new Error('no finding');
      const text = JSON.stringify(
        await sent({ incident: { ...incident, runbook: address, findings: [{ ...finding, link: address }] } }),
      );
      expect(text).toContain('Open the incident');
      expect(text).not.toMatch(/Runbook|Show the signals/);
    },
  );

  it('mentions for what is critical and open, and for nothing else', async () => {
    expect(JSON.stringify(await sent({}, '<!here>'))).toContain('<!here>');
    expect(JSON.stringify(await sent({ kind: 'resolved', news: 'Resolved.' }, '<!here>'))).not.toContain('<!here>');
    expect(JSON.stringify(await sent({ incident: { ...incident, severity: 'low' } }, '<!here>'))).not.toContain(
      '<!here>',
    );
  });

  it('sends a test without an incident', async () => {
    const body = await sent({
      kind: 'test',
      incident: null,
      headline: 'Test of the channel #pos',
      lines: [],
      next: '',
    });
    expect(JSON.stringify(body)).toContain('Open Sightline');
  });
});

describe('webhook', () => {
  it('is signed with its time, and can be told from a double', async () => {
    const receiver = await http();
    await send('webhook', { url: `${receiver.url}/in`, secret, headers: { 'X-Team': 'pos' } });
    const [call] = receiver.calls;
    if (!call) throw new Error('no call');
    const [, t = '', v1 = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(call.headers['x-sightline-signature'])) ?? [];
    expect(v1).toBe(createHmac('sha256', secret).update(`${t}.${call.body}`).digest('hex'));
    expect(Math.abs(Number(t) - Date.now() / 1000)).toBeLessThan(10);
    expect(call.headers).toMatchObject({
      'idempotency-key': 'ntf_abc',
      'x-team': 'pos',
      'x-sightline-event': 'opened',
    });
    expect(call.json()).toMatchObject({
      version: 1,
      id: 'ntf_abc',
      event: 'opened',
      incident: {
        number: 42,
        severity: 'critical',
        openedAt: '2027-01-15T08:00:00.000Z',
        next: { channels: ['E-mail on-call'] },
      },
    });
  });

  it('is not signed without a secret', async () => {
    const receiver = await http();
    await send('webhook', { url: receiver.url });
    expect(receiver.calls[0]?.headers).not.toHaveProperty('x-sightline-signature');
  });
});

describe('email', () => {
  it('arrives with a text and an HTML part, in its incident’s thread', async () => {
    const receiver = await mail({ tls: 'starttls', login: { user: 'ann', password: secret } });
    const settings = mailSettings(receiver.port, {
      tls: 'starttls',
      user: 'ann',
      password: secret,
      to: ['a@example.com', 'b@example.com'],
    });
    expect(await send('email', settings, { certificates: [testCertificate.cert] })).toMatchObject({
      ending: 'delivered',
    });
    const got = receiver.mails[0];
    expect(got).toMatchObject({
      from: 'sightline@example.com',
      to: ['a@example.com', 'b@example.com'],
      secure: true,
      user: 'ann',
    });
    expect(got?.headers).toMatchObject({
      subject: 'Critical: Payment failures at STORE_047 (#42)',
      'message-id': '<ntf_abc@sightline.example>',
      references: '<inc_1@sightline.example>',
      'in-reply-to': '<inc_1@sightline.example>',
      'auto-submitted': 'auto-generated',
    });
    expect(got?.text).toContain('31 % of 42 payments');
    expect(got?.text).toContain('https://sightline.example/incidents/42');
    expect(got?.html).toContain('<a href="https://sightline.example/incidents/42">');
  });

  it('goes to other receivers where the message names them', async () => {
    const receiver = await mail();
    await send('email', mailSettings(receiver.port), { message: message({ receivers: ['owner@example.com'] }) });
    expect(receiver.mails[0]?.to).toEqual(['owner@example.com']);
  });

  it('lets no header and no markup in through a title', async () => {
    const receiver = await mail();
    const headline = 'Critical: x\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script>';
    expect(await send('email', mailSettings(receiver.port), { message: message({ headline }) })).toMatchObject({
      ending: 'delivered',
    });
    expect(receiver.mails[0]?.headers).not.toHaveProperty('bcc');
    expect(receiver.mails[0]?.to).toEqual(['on-call@example.com']);
    expect(receiver.mails[0]?.html).not.toContain('<script>');
  });

  it.each<[string, MailReceiverOptions, object, string, RegExp]>([
    [
      'fails on a wrong password',
      { login: { user: 'ann', password: 'right' } },
      { user: 'ann', password: secret },
      'failed',
      /535/,
    ],
    ['fails where STARTTLS is not offered', { tls: 'none' }, { tls: 'starttls' }, 'failed', /./],
    ['fails where no receiver exists', { unknown: ['on-call@example.com'] }, {}, 'failed', /550/],
    [
      'delivers to those that exist and names the others',
      { unknown: ['gone@example.com'] },
      { to: ['on-call@example.com', 'gone@example.com'] },
      'delivered',
      /refused for gone@example.com/,
    ],
  ])('%s', async (_, options, more, ending, detail) => {
    const receiver = await mail(options);
    const ended = await send('email', mailSettings(receiver.port, more));
    expect(ended.ending).toBe(ending);
    expect(ended.detail).toMatch(detail);
    expect(ended.detail).not.toContain(secret);
  });

  it.each([
    [451, 'retry'],
    [421, 'retry'],
    [552, 'failed'],
  ])('judges the answer %i: %s', async (code, ending) => {
    const receiver = await mail();
    receiver.refuse({ code, text: 'mailbox says no' });
    const ended = await send('email', mailSettings(receiver.port));
    expect(ended).toMatchObject({ ending });
    expect(ended.detail).toContain('mailbox says no');
  });
});

import { describe, expect, it } from 'vitest';
import { describeSettings, findChannelType, keptSecret, readSettings, redactSettings } from './channel-settings.ts';

function type(name: string) {
  const found = findChannelType(name);
  if (!found) throw new Error(`no channel type ${name}`);
  return found;
}
const slackUrl = 'https://hooks.slack.com/services/T0/B0/word';

describe('settings of channels', () => {
  it('describe their form', () => {
    expect(
      describeSettings(type('email')).map(({ name, kind, required, secret }) => [name, kind, required, secret]),
    ).toEqual([
      ['host', 'text', true, false],
      ['port', 'number', false, false],
      ['tls', 'choice', false, false],
      ['user', 'text', false, false],
      ['password', 'text', false, true],
      ['from', 'text', true, false],
      ['to', 'list', true, false],
    ]);
    expect(describeSettings(type('webhook')).find(({ name }) => name === 'headers')).toMatchObject({
      kind: 'record',
      secret: true,
    });
  });

  it('are never shown with their secrets', () => {
    expect(redactSettings(type('slack'), { url: slackUrl, mention: '<!here>' })).toEqual({
      url: keptSecret,
      mention: '<!here>',
    });
    expect(
      redactSettings(type('webhook'), { url: 'https://a.example', secret: '', headers: { Authorization: 'Bearer x' } }),
    ).toEqual({ url: 'https://a.example', secret: '', headers: { Authorization: keptSecret } });
  });

  it('keep a secret that comes back as the mark', () => {
    expect(readSettings(type('slack'), { url: keptSecret, mention: '' }, { url: slackUrl })).toMatchObject({
      value: { url: slackUrl },
    });
    const before = { url: 'https://a.example', headers: { Authorization: 'Bearer x', Gone: 'y' } };
    expect(
      readSettings(
        type('webhook'),
        { url: 'https://a.example/other', headers: { Authorization: keptSecret, 'X-New': 'z' } },
        before,
      ),
    ).toMatchObject({
      value: { url: 'https://a.example/other', headers: { Authorization: 'Bearer x', 'X-New': 'z' } },
    });
  });

  it.each<[string, string, object, object, string]>([
    [
      'headers of a webhook',
      'webhook',
      { url: 'https://a.example', headers: { Authorization: 'Bearer x' } },
      { url: 'https://b.example', headers: { Authorization: keptSecret } },
      'url',
    ],
    [
      'the signing secret, by a call in the clear',
      'webhook',
      { url: 'https://a.example', secret: 'word' },
      { url: 'http://a.example', secret: keptSecret },
      'url',
    ],
    [
      'the password of a mail server',
      'email',
      { host: 'a.example', port: 587, tls: 'starttls', password: 'word', from: 'a@b.example', to: ['a@b.example'] },
      { host: 'b.example', password: keptSecret, from: 'a@b.example', to: ['a@b.example'] },
      'host',
    ],
    [
      'the password, without encryption',
      'email',
      { host: 'a.example', port: 587, tls: 'starttls', password: 'word', from: 'a@b.example', to: ['a@b.example'] },
      { host: 'a.example', tls: 'none', password: keptSecret, from: 'a@b.example', to: ['a@b.example'] },
      'host',
    ],
  ])('do not take %s to another server', (_, name, before, entered, field) => {
    const read = readSettings(type(name), entered, before);
    expect(read.ok ? read.value : read.error).toEqual({ [field]: 'leads elsewhere now: enter the secrets again' });
  });

  it('keep a password for the same mail server, whatever is left out', () => {
    const before = { host: 'a.example', port: 587, tls: 'starttls', password: 'word' };
    const entered = { host: 'a.example', password: keptSecret, from: 'a@b.example', to: ['a@b.example'] };
    expect(readSettings(type('email'), entered, before)).toMatchObject({ value: { password: 'word' } });
  });

  it('take no mark for a secret where there is none', () => {
    expect(readSettings(type('slack'), { url: keptSecret }).ok).toBe(false);
    expect(readSettings(type('webhook'), { url: 'https://a.example', secret: keptSecret }, {}).ok).toBe(false);
    expect(
      readSettings(type('webhook'), { url: 'https://a.example', headers: { A: keptSecret } }, { headers: { B: 'x' } })
        .ok,
    ).toBe(false);
  });

  it.each<[string, string, unknown, string]>([
    ['slack', 'nothing', undefined, 'settings'],
    ['slack', 'a list', [], 'settings'],
    ['slack', 'no address', {}, 'url'],
    ['slack', 'a script', { url: 'javascript:alert(1)' }, 'url'],
    ['slack', 'a file', { url: 'file:///etc/passwd' }, 'url'],
    ['slack', 'a mention that is none', { url: slackUrl, mention: '@everybody' }, 'mention'],
    ['webhook', 'a password in the address', { url: 'https://u:p@a.example' }, 'url'],
    ['webhook', 'a header of HTTP itself', { url: 'https://a.example', headers: { Host: 'b' } }, 'headers'],
    [
      'webhook',
      'our own signature',
      { url: 'https://a.example', headers: { 'X-Sightline-Signature': 'b' } },
      'headers',
    ],
    ['webhook', 'a line break in a header', { url: 'https://a.example', headers: { A: 'b\r\nC: d' } }, 'headers'],
    ['webhook', 'a header without a name', { url: 'https://a.example', headers: { '': 'b' } }, 'headers'],
    ['email', 'a server with a path', { host: 'a/b', from: 'a@b.example', to: ['a@b.example'] }, 'host'],
    ['email', 'nobody', { host: 'a', from: 'a@b.example', to: [] }, 'to'],
    ['email', 'two addresses in one', { host: 'a', from: 'a@b.example', to: ['a@b.example, c@d.example'] }, 'to'],
    ['email', 'a port beyond', { host: 'a', port: 70_000, from: 'a@b.example', to: ['a@b.example'] }, 'port'],
  ])('%s refuses %s', (name, _, settings, field) => {
    const read = readSettings(type(name), settings);
    expect(read.ok ? {} : read.error).toHaveProperty(field);
  });

  it('name no value in a fault', () => {
    const read = readSettings(type('webhook'), { url: 'https://a.example', headers: { A: 'sécret' } });
    expect(JSON.stringify(read)).not.toContain('sécret');
  });
});

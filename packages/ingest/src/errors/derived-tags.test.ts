import { expect, test } from 'vitest';
import { saleFactsOf } from './context-groups.ts';
import { derivedTags, withClientContexts } from './derived-tags.ts';
import { errorRowOf } from './normalise-event.ts';

const agent =
  'Mozilla/5.0 (Linux; Android 13; SM-T870) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
const request = { url: 'https://shop.example/pay?card=1#top', headers: { 'User-Agent': agent } };

test('a browser that tells itself by its header alone has contexts and tags', () => {
  const event = withClientContexts({ platform: 'javascript', request });
  expect(event['contexts']).toEqual({
    browser: { name: 'Chrome Mobile', version: '126.0.0.0' },
    os: { name: 'Android', version: '13' },
    device: { model: 'SM-T870' },
  });
  expect(derivedTags(event)).toEqual({
    browser: 'Chrome Mobile 126.0.0.0',
    'browser.name': 'Chrome Mobile',
    os: 'Android 13',
    'os.name': 'Android',
    url: 'https://shop.example/pay',
  });
});

test('what the client told stays, and a server keeps its own system', () => {
  const contexts = { os: { name: 'Linux', version: '6.1' }, runtime: { name: 'node', version: 'v24.1.0' } };
  const event = withClientContexts({ platform: 'node', contexts, request: { headers: [['user-agent', agent]] } });
  expect(event['contexts']).toEqual({
    ...contexts,
    browser: { name: 'Chrome Mobile', version: '126.0.0.0' },
    client_os: { name: 'Android', version: '13' },
  });
  expect(derivedTags(event)).toMatchObject({ os: 'Linux 6.1', client_os: 'Android 13', runtime: 'node v24.1.0' });
});

test('without a header, or with one that says nothing, the event is as it was', () => {
  for (const event of [{}, { request: {} }, { request: { headers: { 'User-Agent': 'Mozilla/5.0' } } }])
    expect(withClientContexts(event)).toBe(event);
});

test('a tag of the client comes before one that is made', () => {
  const scope = { organisation: 'o', site: '', device: '', service: '', environment: '' };
  const origin = { scope, project: 1, receivedAtMs: 0, eventId: '' } as never;
  const row = errorRowOf({ request, tags: { browser: 'kiosk shell' } }, origin);
  expect(row['tags']).toMatchObject({ browser: 'kiosk shell', 'browser.name': 'Chrome Mobile' });
});

test.each([
  ['GET', ''],
  ['post', ''],
  ['visa', 'visa'],
])('the method %s of the extra data is paid with %j', (method, paid) => {
  expect(saleFactsOf({ extra: { method } }, {}).method).toBe(paid);
});

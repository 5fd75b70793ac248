import { expect, test } from 'vitest';
import { clientAgentOf } from './client-agent.ts';

const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';

test.each([
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/126.0.0.0 Safari/537.36`,
    'Chrome 126.0.0.0',
    'Windows >=10',
    '',
  ],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.87`,
    'Edge 126.0.2592.87',
    'Windows >=10',
    '',
  ],
  [
    `Mozilla/5.0 (X11; Linux x86_64) ${webkit} HeadlessChrome/128.0.0.0 Safari/537.36`,
    'HeadlessChrome 128.0.0.0',
    'Linux',
    '',
  ],
  [
    `Mozilla/5.0 (Linux; Android 10; K) ${webkit} Chrome/126.0.0.0 Mobile Safari/537.36`,
    'Chrome Mobile 126.0.0.0',
    'Android 10',
    '',
  ],
  [
    `Mozilla/5.0 (Linux; Android 13; SM-T870 Build/TP1A.220624.014; wv) ${webkit} Version/4.0 Chrome/120.0.1 Safari/537.36`,
    'Chrome Mobile WebView 120.0.1',
    'Android 13',
    'SM-T870',
  ],
  [
    `Mozilla/5.0 (Linux; Android 13; SM-S918B) ${webkit} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36`,
    'Samsung Internet 25.0',
    'Android 13',
    'SM-S918B',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
    'Mobile Safari 17.5',
    'iOS 17.5.1',
    'iPhone',
  ],
  [
    'Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/125.0.6422.80 Mobile/15E148 Safari/604.1',
    'Chrome Mobile iOS 125.0.6422.80',
    'iOS 16.6',
    'iPad',
  ],
  [
    'Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
    'Mobile Safari UI/WKWebView 605.1.15',
    'iOS 16.6',
    'iPad',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15',
    'Safari 17.4',
    'macOS >=10.15.7',
    '',
  ],
  ['Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0', 'Firefox 127.0', 'Ubuntu', ''],
  ['Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0', 'Firefox Mobile 127.0', 'Android 14', ''],
  ['Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko', 'IE 11.0', 'Windows 7', ''],
  [
    `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${webkit} Chrome/126.0.0.0 Safari/537.36`,
    'Chrome 126.0.0.0',
    'Chrome OS 14541.0.0',
    '',
  ],
  ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'Googlebot 2.1', '', ''],
  ['okhttp/4.12.0', 'okhttp 4.12.0', '', ''],
  ['Mozilla/5.0', '', '', ''],
  ['', '', '', ''],
])('%s', (agent, browser, system, model) => {
  const read = clientAgentOf(agent);
  const text = (named?: { name: string; version: string }) => (named ? `${named.name} ${named.version}`.trim() : '');
  expect([text(read.browser), text(read.os), read.model ?? '']).toEqual([browser, system, model]);
});

import { deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { recordedClicks } from './recorded-clicks.ts';

const crumb = (category: string, data: object): object => ({
  type: 5,
  timestamp: 10_000,
  data: { tag: 'breadcrumb', payload: { type: 'default', message: 'button#pay', timestamp: 10, category, data } },
});
const node = { nodeId: 7, node: { id: 7, tagName: 'button', textContent: '***', attributes: { class: 'x' } } };
const dead = crumb('ui.slowClickDetected', { ...node, timeAfterClickMs: 7000, endReason: 'timeout', clickCount: 1 });
const slow = crumb('ui.slowClickDetected', { ...node, timeAfterClickMs: 3200, endReason: 'mutation', clickCount: 1 });
const angry = crumb('ui.slowClickDetected', { ...node, endReason: 'timeout', clickCount: 4 });
const rage = crumb('ui.multiClick', { ...node, clickCount: 5, metric: true });
const double = crumb('ui.multiClick', { ...node, clickCount: 2, metric: true });
const text = (...events: object[]): Buffer => Buffer.from(JSON.stringify(events));

test.each([
  ['nothing', text(), 0, 0],
  ['clicks that led to something', text(crumb('ui.click', node), slow, double), 0, 0],
  ['a dead click', text(dead), 0, 1],
  ['dead clicks beside slow ones', text(slow, dead, slow, dead), 0, 2],
  ['rage, dead or not', text(angry, dead, rage), 2, 1],
  ['packed by zlib', deflateSync(text(rage, dead)), 1, 1],
  ['packed by gzip', gzipSync(text(rage)), 1, 0],
  ['cut off', deflateSync(text(rage, dead)).subarray(0, 20), 0, 0],
  ['no recording', Buffer.from('x'), 0, 0],
  ['no bytes', Buffer.alloc(0), 0, 0],
])('%s', async (_, content, rageCount, deadCount) => {
  expect(await recordedClicks(content)).toEqual({ rage: rageCount, dead: deadCount });
});

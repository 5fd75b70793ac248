import { expect, test } from 'vitest';
import { replayIn, replayOf } from './replay-of.ts';

const id = '5ec79c33ec9942ab8353589fcb2e04dc';
test.each<[string, Parameters<typeof replayOf>[0], string]>([
  ['by context', { contexts: { replay: { replay_id: id } }, tags: {} }, id],
  ['by tag', { contexts: {}, tags: { replayId: id.toUpperCase() } }, id],
  ['with dashes', { contexts: {}, tags: { replayId: '5ec79c33-ec99-42ab-8353-589fcb2e04dc' } }, id],
  ['none', { contexts: {}, tags: {} }, ''],
  ['no id', { contexts: { replay: { replay_id: '../x' } }, tags: {} }, ''],
])('an event names its replay %s', (_, event, expected) => expect(replayOf(event)).toBe(expected));

test.each([
  [{}, ''],
  [{ 'sentry.replay_id': 'AB'.repeat(16) }, 'ab'.repeat(16)],
  [{ replayId: 'none', 'replay.id': '01234567-89ab-cdef-0123-456789abcdef' }, '0123456789abcdef0123456789abcdef'],
])('attributes %j name the replay %j', (attributes, replay) => expect(replayIn(attributes)).toBe(replay));

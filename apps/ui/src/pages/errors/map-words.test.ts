import { expect, test } from 'vitest';
import { unmappedFrames, uploadCommands } from './map-words.ts';

const frame = (more: object) => ({ file: 'a.js', function: 'a', ...more }) as never;
const exception = (...frames: object[]) => [{ type: 'E', value: '', frames: frames.map(frame) }] as never;

test('frames that no map could read are counted, the commonest reason first', () => {
  expect(
    unmappedFrames(
      exception({ unresolved: 'no map' }, { unresolved: 'no line' }, { unresolved: 'no map' }, { unresolved: '' }, {}),
    ),
  ).toEqual({ frames: 3, reasons: ['no map', 'no line'] });
});

test('a frame that was read but lacks its text is not one of them', () => {
  expect(unmappedFrames(exception({ minified: {}, unresolved: 'no text' }))).toBeUndefined();
  expect(unmappedFrames([])).toBeUndefined();
});

test.each([
  ['shop@1.0.0', '', 'upload --release shop@1.0.0 dist'],
  ['shop 1', '42', "upload --release 'shop 1' --dist 42 dist"],
  ["it's", '', String.raw`upload --release 'it'\''s' dist`],
  ['', '', 'upload dist'],
])('release %j, distribution %j: %s', (release, dist, line) => {
  expect(uploadCommands(release, dist)).toBe(`sentry-cli sourcemaps inject dist\nsentry-cli sourcemaps ${line}`);
});

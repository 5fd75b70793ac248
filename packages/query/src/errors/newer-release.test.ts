import { expect, it } from 'vitest';
import { isNewerRelease } from './newer-release.ts';

it.each([
  ['1.10.0', '1.9.2', true],
  ['shop@1.9.2', 'shop@1.10.0', false],
  ['1.2', '1.2.0', false],
  ['1.2.0', '1.2.0-rc.1', true],
  ['1.2.0-rc.10', '1.2.0-rc.9', true],
  ['1.2.0-rc.1', '1.2.0', false],
  ['v2.0.0+build', '1.9.9', true],
  ['1.0.0', '1.0.0', false],
  ['', '1.0.0', false],
  ['a1b2c3', 'd4e5f6', true],
])('%s after %s: %s', (release, than, expected) => expect(isNewerRelease(release, than)).toBe(expected));

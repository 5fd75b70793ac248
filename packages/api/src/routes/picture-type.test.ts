import { expect, test } from 'vitest';
import { pictureType } from './picture-type.ts';

test.each([
  ['\x89PNG\r\n\x1a\n....', 'image/png'],
  ['\xff\xd8\xff\xe0....', 'image/jpeg'],
  ['GIF89a....', 'image/gif'],
  ['RIFF....WEBPVP8 ', 'image/webp'],
  ['RIFF....WAVEfmt ', undefined],
  ['<svg xmlns="http://www.w3.org/2000/svg">', undefined],
  ['<html>', undefined],
  ['', undefined],
])('%j is %s', (text, type) => {
  expect(pictureType(Buffer.from(text, 'latin1'))).toBe(type);
});

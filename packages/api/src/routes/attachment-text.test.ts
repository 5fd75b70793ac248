import { expect, it } from 'vitest';
import { attachmentText } from './attachment-text.ts';

it.each<[string, Buffer, ReturnType<typeof attachmentText>]>([
  ['a text', Buffer.from('{"a": "ü"}\r\n\tx'), { text: '{"a": "ü"}\r\n\tx', truncated: false }],
  ['nothing', Buffer.alloc(0), { text: '', truncated: false }],
  ['what is longer', Buffer.from('a'.repeat(40)), { text: 'a'.repeat(20), truncated: true }],
  ['a character cut in two', Buffer.from(`${'a'.repeat(19)}ü`), { text: 'a'.repeat(19), truncated: true }],
  ['a character cut off at the end of the file', Buffer.from('aü').subarray(0, 2), undefined],
  ['a picture', Buffer.from('89504e470d0a1a0a00000000', 'hex'), undefined],
  ['a zero', Buffer.from('a\0b'), undefined],
])('%s', (_, content, expected) => expect(attachmentText(content, 20)).toEqual(expected));

import { expect, it } from 'vitest';
import { readTraceId } from './trace-id.ts';

it.each<[string, string | undefined]>([
  ['0af7651916cd43dd8448eb211c80319c', '0af7651916cd43dd8448eb211c80319c'],
  [' 0AF76519-16CD-43DD-8448-EB211C80319C ', '0af7651916cd43dd8448eb211c80319c'],
  ['0af76519', undefined],
  ['E9F93A1958C2A09A', '0000000000000000e9f93a1958c2a09a'],
  ['93a1958c2a09ab', '00000000000000000093a1958c2a09ab'],
  ['93a1958c2a09abcdef', undefined],
  ['0af7651916cd43dd8448eb211c80319g', undefined],
  ['', undefined],
])('reads %j as a trace id', (text, id) => expect(readTraceId(text)).toBe(id));

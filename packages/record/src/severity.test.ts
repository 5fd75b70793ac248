import { expect, it } from 'vitest';
import { severityNumber } from './severity.ts';

it.each<[string, number]>([
  [' Warning ', 13],
  ['fatal', 21],
  ['', 0],
  ['loud', 0],
  ['constructor', 0],
  ['__proto__', 0],
])('%j is severity %i', (word, number) => expect(severityNumber(word)).toBe(number));

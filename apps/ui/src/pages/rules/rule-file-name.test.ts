import { expect, test } from 'vitest';
import { ruleFileName } from './rule-file-name.ts';

test.each([
  ['node.rules.yml', 'node.rules.yml'],
  ['Payments (copy 2).yaml', 'Payments-copy-2-.yaml'],
  ['läden.yml', 'l-den.yml'],
  ['---', ''],
])('%s is kept as %s', (name, kept) => expect(ruleFileName(name)).toBe(kept));

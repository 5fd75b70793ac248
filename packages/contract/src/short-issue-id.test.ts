import { expect, test } from 'vitest';
import { fixedIssues, shortIssueDigits, shortIssueId } from './short-issue-id.ts';

test.each([
  ['Till: rounds right\n\nFixes SIGHTLINE-3F2A91BC', ['3f2a91bc']],
  ['fixes sightline-3f2a91bc', ['3f2a91bc']],
  ['Fixed: SIGHTLINE-3F2A91BC4D5E6F70', ['3f2a91bc4d5e6f70']],
  ['closes SIGHTLINE-3F2A91BC, SIGHTLINE-00000001 and SIGHTLINE-00000002', ['3f2a91bc', '00000001', '00000002']],
  ['Resolves SIGHTLINE-3F2A91BC. Also resolves SIGHTLINE-3F2A91BC', ['3f2a91bc']],
  ['See SIGHTLINE-3F2A91BC', []],
  ['prefixes SIGHTLINE-3F2A91BC', []],
  ['fixes SIGHTLINE-3F2A', []],
  ['fixes SIGHTLINE-3F2A91BCZ', []],
  ['fixes SHOP-12', []],
  ['', []],
])('%j fixes %j', (message, issues) => expect(fixedIssues(message)).toEqual(issues));

test('an id is written short', () => {
  expect(fixedIssues(`fix ${shortIssueId('3f2a91bc4d5e6f70')}`)).toEqual(['3f2a91bc']);
});

test.each([
  ['SIGHTLINE-3F2A91BC', '3f2a91bc'],
  ['sightline-3f2a91bc4d5e6f70', '3f2a91bc4d5e6f70'],
  ['3F2A91BC', undefined],
  ['SIGHTLINE-3F2A', undefined],
  ['SIGHTLINE-3F2A91BC4D5E6F701', undefined],
])('the short id %s has the digits %s', (text, digits) => expect(shortIssueDigits(text)).toBe(digits));

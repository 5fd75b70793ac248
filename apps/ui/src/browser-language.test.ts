import { expect, test } from 'vitest';
import { mendLanguage } from './browser-language.ts';

test.each([
  ['en-US@posix', 'en-US'],
  ['de_DE.UTF-8', 'en-US'],
  ['', 'en-US'],
  ['pt-BR', 'pt-BR'],
])('the language "%s" is read as "%s"', (named, read) => {
  const browser = { language: named };
  mendLanguage(browser);
  expect(browser.language).toBe(read);
  expect(() => new Intl.NumberFormat(browser.language)).not.toThrow();
});

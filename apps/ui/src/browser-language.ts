/**
 * A browser started under a POSIX locale names its language `en-US@posix`, which is no BCP 47 tag
 * (https://www.rfc-editor.org/rfc/rfc5646): whoever hands it to `Intl`, as the chart library does when it loads, throws. Such a name
 * is replaced by what stands before the `@`, or by English.
 */
export function mendLanguage(browser: { readonly language: string }): void {
  if (isLanguageTag(browser.language)) return;
  const [plain = ''] = browser.language.split(/[@.]/);
  const mended = isLanguageTag(plain) ? plain : 'en-US';
  Object.defineProperty(browser, 'language', { value: mended, configurable: true });
}

function isLanguageTag(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}

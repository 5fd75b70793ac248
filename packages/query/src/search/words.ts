/**
 * The words of a text as the index `text(tokenizer = 'splitByNonAlpha')` sees them: runs of ASCII letters and digits and
 * of all beyond ASCII.
 */
export function tokensOf(text: string): string[] {
  return text.match(/[0-9A-Za-z\u0080-\u{10FFFF}]+/gu) ?? [];
}

/** The pieces between the wildcards of a value, escapes undone. */
export function literalParts(text: string): string[] {
  return splitWildcards(text).filter((part) => part !== '');
}

/** A LIKE pattern of a value with `*`. `anywhere` takes the text literally and lets it stand anywhere. */
export function likePattern(text: string, anywhere: boolean): string {
  const escape = (part: string): string => part.replace(/[\\%_]/g, '\\$&');
  if (anywhere) return `%${escape(text)}%`;
  return splitWildcards(text).map(escape).join('%');
}

const edge = '[^0-9A-Za-z\\x{80}-\\x{10FFFF}]';

/**
 * The expression that a bare word with wildcards stands for: it begins and ends with a word's edge where it does not begin
 * or end with `*`, and `*` is any run without spaces. Undefined when the parts alone say all (`*timeout*`).
 */
export function wordPattern(text: string): string | undefined {
  const parts = splitWildcards(text);
  if (parts.length === 3 && parts[0] === '' && parts[2] === '') return undefined;
  const open = parts[0] === '' ? '' : `(?:^|${edge})`;
  const close = parts.at(-1) === '' ? '' : `(?:$|${edge})`;
  const inner = parts.filter((part, i) => part !== '' || (i > 0 && i < parts.length - 1));
  return `${open}${inner.map((part) => part.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')).join('\\S*')}${close}`;
}

/** Splits at `*`; `\*` and `\\` are literal. */
export function splitWildcards(text: string): string[] {
  const parts = [''];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '*') parts.push('');
    else {
      if (text[i] === '\\' && i + 1 < text.length) i++;
      parts[parts.length - 1] += text[i] ?? '';
    }
  }
  return parts;
}

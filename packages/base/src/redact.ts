const secretKey = /pass(word|wd)?|secret|token|authorization|cookie|api[-_]?key|dsn|private[-_]?key|credential/i;
/** Quicker than what it stands for: most texts hold neither word. */
const mayBear = /bearer|basic/i;
const bearer = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]+/gi;
const urlPassword = /(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/@]{0,200}:)[^\s@/]{1,500}@/gi;
const ownKey = /\bsl_[a-z]+_[A-Za-z0-9]{6,}/g;

/** Removes bearer tokens, passwords in URLs and our own keys from a line of text. */
export function redactText(text: string): string {
  let clean = mayBear.test(text) ? text.replace(bearer, '$1 <redacted>') : text;
  // What is looked for first is cheap, the expressions are not.
  if (clean.includes('://') && clean.includes('@')) clean = clean.replace(urlPassword, '$1<redacted>@');
  return clean.includes('sl_') ? clean.replace(ownKey, 'sl_<redacted>') : clean;
}

/** A copy fit for a log: values under secret-looking names are replaced, texts are redacted, depth is bounded. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 6) return '<deep>';
  if (value instanceof Error)
    return { name: value.name, message: redactText(value.message), stack: redactText(value.stack ?? '') };
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      secretKey.test(key) && item !== '' ? '<redacted>' : redact(item, depth + 1),
    ]),
  );
}

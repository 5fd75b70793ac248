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

/** How the control plane's library tells of a statement that failed: with all that was bound to it, such as hashes and addresses. */
const bindings = /(Failed query: [^]*?)\nparams: [^]*?(?=\n {4}at |$)/;

/** The message or the stack of an error without the values of the statement that it tells of. */
export function withoutBindings(text: string): string {
  return text.includes('\nparams: ') ? text.replace(bindings, '$1') : text;
}

/** A copy fit for a log: values under secret-looking names are replaced, texts are redacted, depth is bounded. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 6) return '<deep>';
  if (value instanceof Error)
    return {
      name: value.name,
      message: redactText(withoutBindings(value.message)),
      stack: redactText(withoutBindings(value.stack ?? '')),
      ...(value.cause === undefined ? {} : { cause: redact(value.cause, depth + 1) }),
    };
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      secretKey.test(key) && item !== '' ? '<redacted>' : redact(item, depth + 1),
    ]),
  );
}

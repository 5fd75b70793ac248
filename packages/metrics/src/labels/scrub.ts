/**
 * Removes personal data and secrets from the labels of a series, as `packages/ingest/src/load/functions.sql` does in the engine
 * (`hide_secrets`, `scrub_pan`, `scrub_secrets`): the two must say the same but for placeholders, a test compares them. Addresses of machines stay: they tell
 * instances apart. Patterns are ours, never a client's; each is linear in the text.
 */

const pan = '[2-6]\\d{12,18}|[2-6]\\d{3}[ -]\\d{4}[ -]\\d{4}[ -]\\d{4}|3[47]\\d{2}[ -]\\d{6}[ -]\\d{5}';
const panPattern = new RegExp(`(?:\\b|_)(${pan})(?:\\b|_)`, 'g');
const panAnyPattern = new RegExp(`(\\b|_)(?:${pan})(\\b|_)`, 'g');
/** A card's magnetic track behind its number: holder, expiry and codes go with it. */
const track = /[2-6]\d{12,18}(?:=\d{7,}|\^[^^"\0]{2,26}\^\d{7,}[^?\t\n\f\r "\0]*)/g;
/** RE2's `\s`; JavaScript's knows more. */
const space = '\\t\\n\\f\\r ';

const urlPassword = new RegExp(
  `([a-zA-Z][a-zA-Z0-9+.-]*://[^${space}:/@\\0"]*:)(?:[^${space}@/\\0"]|"[^${space}@/\\0,:}\\]"])+@`,
  'g',
);
const namedSecret = new RegExp(
  `((?:password|passwd|pwd|passphrase|secret|api[_-]?key|(?:access|refresh|auth|session|csrf|xsrf|bearer)[_-]?token|cv[vc]2?|(?:\\b|_|card|user)pin|pin[_-]?block|track[_-]?(?:[12]|data)|security[_-]?code)[\\\\\\x04]*["']?[${space}]*[:=][${space}]*|[?&]token=)` +
    `(?:(")(?:[^"\\\\\\0]|\\\\[^\\0])*|('){1}[^'\\0]*|([\\\\\\x04]+"?)[^\\\\"\\0\\x04]*|[^${space}"'&,;<>(){}\\[\\]\\\\\\0\\x04]+)`,
  'gi',
);
const scheme = new RegExp(`\\b(Bearer|Basic)[${space}]+[A-Za-z0-9._~+/=-]{6,}`, 'gi');
const token =
  /\b(?:[spr]k_(?:live|test)_[A-Za-z0-9]{8,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|xox[abeprs]-[A-Za-z0-9-]{10,}|npm_[A-Za-z0-9]{36}|sl_[a-z]+_[A-Za-z0-9]{6,}|eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*)/g;
const email = /[A-Za-z0-9._%+-]+(?:'[A-Za-z0-9._%+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}/g;
/** One letter at one letter is nobody's address: examples of targets are written so, and stay. */
const placeholder = /^.@.\.[A-Za-z]+$/;

/** A part of each rule: where a rule changes something this has to match. */
const mayHide =
  /@|passw(?:or)?d|pwd|passphrase|secret|api[_-]?key|(?:access|refresh|auth|session|csrf|xsrf|bearer)[_-]?token|[?&]token=|cv[vc]|(?:\b|_|card|user)pin\W|pin[_-]?block|track[_-]?(?:[12]|data)|security[_-]?code|(?:bearer|basic)\s|[spr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|(?:AKIA|ASIA)[0-9A-Z]{4}|AIza|xox[abeprs]-|npm_|sl_|eyJ|[2-6]\d{12}|\d{4}[ -]\d{4}[ -]\d{4}|3[47]\d{2}[ -]\d{6}/i;
const secretName =
  /(?:passw(?:or)?d|passphrase|pwd|secret|authorization|cookie|api[_-]?key|(?:access|refresh|auth|session|csrf|xsrf|bearer)[_.-]?token|credential|private[_-]?key|cv[vc]2?|(?:^|[_.-]|card|user)pin|pin[_.-]?block|track[_.-]?(?:[12]|data)|security[_.-]?code)(?:s|[_.-](?:key|value|hash|id))?$|^token$/i;

/** Distinct card numbers of a text that are looked at one by one; a text with more loses all that looks like one. */
const pansLimit = 200;

/** A label's value without what must not be kept. */
export function scrubLabel(name: string, value: string): string {
  if (value !== '' && secretName.test(name)) return '<secret>';
  return mayHide.test(value) ? scrubPans(scrubSecrets(value)) : value;
}

function scrubSecrets(text: string): string {
  return text
    .replace(urlPassword, '$1<password>@')
    .replace(
      namedSecret,
      (_, name: string, double?: string, single?: string, escaped?: string) =>
        `${name}${double ?? ''}${single ?? ''}${escaped ?? ''}<secret>`,
    )
    .replace(scheme, '$1 <token>')
    .replace(token, '<token>')
    .replace(email, (address) => (placeholder.test(address) ? address : '<email>'));
}

function scrubPans(whole: string): string {
  const text = whole.replace(track, '<pan>');
  const found = new Set(
    [...text.matchAll(panPattern)].map((match) => match[1] ?? '').filter((number) => passesLuhn(number)),
  );
  if (found.size > pansLimit) return text.replace(panAnyPattern, '$1<pan>$2');
  let scrubbed = text;
  for (const number of found) scrubbed = scrubbed.replaceAll(number, () => '<pan>');
  return scrubbed;
}

function passesLuhn(number: string): boolean {
  let sum = 0;
  let doubled = false;
  for (let at = number.length - 1; at >= 0; at--) {
    const digit = number.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) continue;
    sum += doubled ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
    doubled = !doubled;
  }
  return sum % 10 === 0;
}

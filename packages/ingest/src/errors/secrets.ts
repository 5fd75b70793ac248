import { redactText } from '@sightline/base';
import { isObject, textOf } from './json-reader.ts';
import { remembered } from './remembered.ts';

const secretWords = new Set([
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'pwd',
  'pass',
  'pin',
  'cvv',
  'cvc',
  'cvv2',
  'pan',
  'ssn',
  'secret',
  'secrets',
  'token',
  'auth',
  'authorization',
  'authentication',
  'cookie',
  'cookies',
  'csrf',
  'xsrf',
  'apikey',
  'credential',
  'credentials',
  'otp',
  'jwt',
  'bearer',
  'mysql_pwd',
  'privatekey',
  'sessionid',
  'sid',
  'cardnumber',
  'track1',
  'track2',
  'dsn',
]);
const secretPairs = new Set([
  'apikey',
  'privatekey',
  'sessionid',
  'cardnumber',
  'accesskey',
  'secretkey',
  'signingkey',
  'encryptionkey',
  'trackdata',
  'securitycode',
  'socialsecurity',
]);
const queryParameter = /([?&;]|^)([A-Za-z0-9_.[\]-]{1,64})=([^&;\s"'<>]+)/g;

/** Where this finds nothing, `queryParameter` does not either, and it is quicker: lines of code are full of ` = `. */
const mayBeParameter = /[A-Za-z0-9_.[\]-]=[^&;\s"'<>]/;

/** The value that stands where a secret stood. */
export const redacted = '<redacted>';

/** True where the name alone says that the value must not be kept: `password`, `X-Api-Key`, `sessionId`, `set-cookie`. */
export const isSecretName = remembered((name): boolean => {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  return words.some((word, i) => secretWords.has(word) || secretPairs.has(`${word}${words[i + 1] ?? ''}`));
});

/** Text without bearer tokens, passwords in URLs, our own keys and secret-looking query parameters. */
export function withoutSecrets(text: string): string {
  const clean = redactText(text);
  if (!clean.includes('=') || !mayBeParameter.test(clean)) return clean;
  return clean.replace(queryParameter, (whole, before: string, name: string) =>
    isSecretName(name) ? `${before}${name}=${redacted}` : whole,
  );
}

/** How much of a client's free-form value is kept. */
export interface KeepLimits {
  readonly depth: number;
  /** Entries of one object or list. */
  readonly entries: number;
  readonly textLength: number;
}

export const payloadLimits: KeepLimits = { depth: 5, entries: 100, textLength: 2048 };

/** A copy of any JSON value, bounded, with values under secret-looking names replaced and texts cleaned. */
export function keepValue(value: unknown, limits: KeepLimits = payloadLimits, depth = 0): unknown {
  if (typeof value === 'string') return withoutSecrets(textOf(value, limits.textLength));
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (depth >= limits.depth) return Array.isArray(value) ? `[${value.length} entries]` : '{…}';
  if (Array.isArray(value)) return value.slice(0, limits.entries).map((item) => keepValue(item, limits, depth + 1));
  return keepObject(value, limits, depth);
}

/** As `keepValue`, for an object; anything else becomes an empty one. */
export function keepObject(value: unknown, limits: KeepLimits = payloadLimits, depth = 0): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  if (!isObject(value)) return kept;
  let entries = 0;
  for (const name of Object.keys(value)) {
    if (entries++ >= limits.entries) break;
    const item = value[name];
    const hidden = item !== null && item !== '' && isSecretName(name);
    setMember(kept, textOf(name, 200), hidden ? redacted : keepValue(item, limits, depth + 1));
  }
  return kept;
}

/** Sets a member of an object of unknown names. */
export function setMember<T>(object: Record<string, T>, name: string, value: T): void {
  if (name !== '__proto__') object[name] = value;
  // An assignment would change what the object is.
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Stands for a secret that is kept but not shown. */
export const keptSecret = '••••••••';

const secretHeader = /auth|cookie|token|key|secret|password|signature/i;

type Settings = Readonly<Record<string, unknown>>;
const objectOf = (value: unknown): Settings =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settings) : {};

/** The password in `https://user:password@host/`. */
const urlPassword = /^(https?:\/\/[^:@/?#]*:)([^@/?#]*)(?=@)/i;

/** Settings as people may see them: values of headers that carry secrets, and a password in the address, are hidden. */
export function hideSecrets(settings: unknown): Record<string, unknown> {
  const all = { ...objectOf(settings) };
  if (typeof all['url'] === 'string') all['url'] = all['url'].replace(urlPassword, `$1${keptSecret}`);
  if (all['headers'] === undefined) return all;
  all['headers'] = mapHeaders(all['headers'], (name, value) =>
    secretHeader.test(name) && value !== '' ? keptSecret : value,
  );
  return all;
}

/**
 * Settings that came back from a form: hidden values are filled in again from what was kept, as long as they go where
 * they went before. For another host they are not: whoever may change an address must not thereby learn a secret.
 */
export function keepSecrets(given: unknown, kept: unknown): Record<string, unknown> {
  const all = { ...objectOf(given) };
  const before = objectOf(kept);
  const same = originOf(all['url']) === originOf(before['url']);
  if (typeof all['url'] === 'string') {
    const [, , password = ''] = (same && typeof before['url'] === 'string' && urlPassword.exec(before['url'])) || [];
    all['url'] = all['url'].replace(urlPassword, (whole, user: string, now: string) =>
      now === keptSecret ? `${user}${password}` : whole,
    );
  }
  if (all['headers'] === undefined) return all;
  all['headers'] = mapHeaders(all['headers'], (name, value) => {
    if (value !== keptSecret) return value;
    return same ? (objectOf(before['headers'])[name] ?? '') : '';
  });
  return all;
}

function mapHeaders(headers: unknown, change: (name: string, value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(objectOf(headers)).map(([name, value]) => [name, change(name, value)]));
}

function originOf(url: unknown): string {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).origin : '';
}

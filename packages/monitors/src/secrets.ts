/** Stands for a secret that is kept but not shown. */
export const keptSecret = '••••••••';

const secretHeader = /auth|cookie|token|key|secret|password|signature/i;

type Settings = Readonly<Record<string, unknown>>;
const objectOf = (value: unknown): Settings =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settings) : {};

/** Settings as people may see them: values of headers that carry secrets are hidden. */
export function hideSecrets(settings: unknown): Record<string, unknown> {
  const all = { ...objectOf(settings) };
  if (all['headers'] === undefined) return all;
  all['headers'] = Object.fromEntries(
    Object.entries(objectOf(all['headers'])).map(([name, value]) => [
      name,
      secretHeader.test(name) && value !== '' ? keptSecret : value,
    ]),
  );
  return all;
}

/**
 * Settings that came back from a form: hidden values are filled in again from what was kept, as long as they go where
 * they went before. For another host they are not: whoever may change an address must not thereby learn a secret.
 */
export function keepSecrets(given: unknown, kept: unknown): Record<string, unknown> {
  const all = { ...objectOf(given) };
  const before = objectOf(objectOf(kept)['headers']);
  const same = originOf(all['url']) === originOf(objectOf(kept)['url']);
  if (all['headers'] === undefined) return all;
  all['headers'] = Object.fromEntries(
    Object.entries(objectOf(all['headers'])).map(([name, value]) => [
      name,
      value === keptSecret ? (same ? (before[name] ?? '') : '') : value,
    ]),
  );
  return all;
}

function originOf(url: unknown): string {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).origin : '';
}

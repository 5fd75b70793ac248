/** The key of a request as most protocols send it: bearer, the password of basic auth, or `x-api-key`. */
export function findKey(headers: Readonly<Record<string, string>>): string | undefined {
  const [scheme, ...rest] = (headers['authorization'] ?? '').trim().split(/\s+/);
  const credentials = rest.join(' ');
  if (scheme && /^(bearer|apikey|token)$/i.test(scheme) && credentials !== '') return credentials;
  if (scheme && /^basic$/i.test(scheme)) {
    const pair = Buffer.from(credentials, 'base64').toString('utf8');
    const colon = pair.indexOf(':');
    const [user, password] = colon < 0 ? [pair, ''] : [pair.slice(0, colon), pair.slice(colon + 1)];
    const secret = password === '' ? user : password;
    if (secret !== '') return secret;
  }
  const apiKey = headers['x-api-key']?.trim();
  return apiKey === undefined || apiKey === '' ? undefined : apiKey;
}

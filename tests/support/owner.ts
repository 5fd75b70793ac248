import { headless, type Product } from './product.ts';

/** Calls our API as somebody who is signed in; throws what a refusal says. */
export type AsOwner = <Reply = Record<string, unknown>>(
  method: string,
  where: string,
  body?: unknown,
) => Promise<Reply>;

/** Signs the owner of the headless start in, as the browser does. */
export async function signInOwner(product: Pick<Product, 'url'>): Promise<AsOwner> {
  const signedIn = await fetch(`${product.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: headless.SIGHTLINE_SETUP_EMAIL, password: headless.SIGHTLINE_SETUP_PASSWORD }),
    signal: AbortSignal.timeout(20_000),
  });
  const cookie = signedIn.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const { csrfToken } = (await signedIn.json()) as { csrfToken: string };
  return async (method, where, body) => {
    const reply = await fetch(`${product.url}${where}`, {
      method,
      headers: {
        cookie,
        'x-csrf-token': csrfToken,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    if (!reply.ok) throw new Error(`${method} ${where} answered ${reply.status}: ${await reply.text()}`);
    return (await reply.json()) as never;
  };
}

/** The secret of a new key that may operate, as a build machine has it. */
export async function operatorKey(product: Pick<Product, 'url'>): Promise<string> {
  const asOwner = await signInOwner(product);
  const made = await asOwner<{ secret: string }>('POST', '/api/v1/keys', { name: 'CI', permissions: ['operate'] });
  return made.secret;
}

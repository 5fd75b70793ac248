import { protocols } from './protocols/all.ts';
import { receiveRequest, type ReceiverParts } from './receive.ts';

/** A request that we make ourselves. */
export interface OwnRequest {
  /** Name of the protocol and path of its endpoint, as the protocol writes it. */
  readonly protocol: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

/**
 * Receives a request of our own as if a client of the organisation had sent it: checked, spooled and counted like any other. False where it
 * was not accepted whole. Throws on a protocol or path that there is not: that is a bug.
 */
export async function receiveOwn(parts: ReceiverParts, organisation: string, own: OwnRequest): Promise<boolean> {
  const protocol = protocols.find(({ name }) => name === own.protocol);
  const endpoint = protocol?.endpoints.find(({ path, method }) => path === own.path && method === 'POST');
  if (!protocol || !endpoint) throw new Error(`no endpoint ${own.path} of ${own.protocol}`);
  const scope = { organisation, keyId: '', site: '', device: '', service: '', environment: '' };
  const keys = { find: async () => ({ scope, permissions: ['ingest' as const] }) };
  const { ending } = await receiveRequest({ ...parts, keys }, protocol, endpoint, {
    method: 'POST',
    params: { project: '0' },
    query: new URLSearchParams(),
    headers: { authorization: 'Bearer sl_ingest_own', 'x-sentry-auth': 'Sentry sentry_key=sl_ingest_own' },
    contentType: own.contentType,
    body: Buffer.from(own.body),
    receivedAtMs: parts.clock.now(),
  });
  return ending.kind === 'stored' && ending.refused.length === 0;
}

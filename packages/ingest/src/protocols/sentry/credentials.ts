import { isObject, parseJson } from '../../errors/json-reader.ts';
import type { ProtocolRequest } from '../../protocol.ts';

/**
 * The public key of a Sentry client: header `X-Sentry-Auth`, `Authorization: Sentry …`, query `sentry_key`, or the DSN
 * in the envelope's header (tunnels). https://develop.sentry.dev/sdk/overview/#authentication
 */
export function sentryKey(request: Omit<ProtocolRequest, 'scope'>): string | undefined {
  return (
    keyOfAuth(request.headers['x-sentry-auth']) ??
    keyOfAuth(request.headers['authorization']) ??
    plainKey(request.query.get('sentry_key')) ??
    keyOfDsn(request.headers['dsn']) ??
    keyOfEnvelope(request.body)
  );
}

function keyOfAuth(header: string | undefined): string | undefined {
  if (header === undefined || !/^\s*Sentry\s/i.test(header)) return undefined;
  return plainKey(/(?:^|[\s,])sentry_key\s*=\s*"?([^",\s]+)/i.exec(header)?.[1]);
}

function plainKey(key: string | null | undefined): string | undefined {
  return key !== null && key !== undefined && /^[\w-]{1,128}$/.test(key) ? key : undefined;
}

function keyOfEnvelope(body: Buffer): string | undefined {
  const found = body.indexOf(10);
  const end = found < 0 ? body.length : found;
  if (end > 16_384) return undefined;
  const header = parseJson(body.toString('utf8', 0, end));
  return isObject(header) && typeof header['dsn'] === 'string' ? keyOfDsn(header['dsn']) : undefined;
}

/** `https://<key>[:<secret>]@host/1`. */
export function keyOfDsn(dsn: string | undefined): string | undefined {
  return plainKey(/^[a-z]+:\/\/([^:@/]+)(?::[^@/]*)?@/i.exec(dsn ?? '')?.[1]);
}

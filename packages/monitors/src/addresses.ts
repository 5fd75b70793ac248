import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';

/**
 * Addresses at which clouds hand out credentials to whoever asks from the machine. Stores are private networks, so
 * private addresses may be checked; these never.
 */
const metadata = new BlockList();
metadata.addSubnet('169.254.0.0', 16, 'ipv4');
metadata.addAddress('100.100.100.200', 'ipv4');
metadata.addAddress('168.63.129.16', 'ipv4');
metadata.addAddress('192.0.0.192', 'ipv4');
metadata.addSubnet('fe80::', 10, 'ipv6');
metadata.addAddress('fd00:ec2::254', 'ipv6');
metadata.addAddress('fd20:ce::254', 'ipv6');

/** True for an address of a cloud's metadata service or a link-local one, in any notation (`::ffff:169.254.169.254` too). */
export function isMetadataAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const family = isIP(plain);
  if (family === 4) return metadata.check(plain, 'ipv4');
  if (family === 6) return metadata.check(plain, 'ipv6') || metadata.check(mapped(plain) ?? '0.0.0.0', 'ipv4');
  return false;
}

/** The IPv4 address inside `::ffff:a.b.c.d`, `::ffff:a9fe:a9fe` or NAT64's `64:ff9b::…`. */
function mapped(address: string): string | undefined {
  const url = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [, high = '', low = ''] = /^(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(url) ?? [];
  if (high === '') return undefined;
  const bits = (parseInt(high, 16) << 16) | parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';
  readonly code = 'EREFUSEDADDRESS';
}

type Done = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/**
 * As `dns.lookup`, for sockets: what resolves to a metadata address is refused after resolving, so that no name and no
 * second answer gets around it.
 */
export function guardedLookup(host: string, options: LookupOptions, done: Done): void {
  lookup(host, { ...options, all: true }, (error, found) => {
    if (error) return done(error, '', 0);
    const refused = found.find(({ address }) => isMetadataAddress(address));
    if (refused) return done(new RefusedAddress(`${host} is the address of a metadata service`), '', 0);
    if (options.all === true) return done(null, found);
    const [first] = found;
    if (!first) return done(new Error(`${host} has no address`), '', 0);
    done(null, first.address, first.family);
  });
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ETIMEDOUT: 'no connection in time',
  EHOSTUNREACH: 'host cannot be reached',
  ENETUNREACH: 'network cannot be reached',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name server does not answer',
  EREFUSEDADDRESS: 'refused: the address of a metadata service',
  CERT_HAS_EXPIRED: 'TLS certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'TLS certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'TLS certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'TLS certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'TLS certificate is signed by an unknown authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'TLS certificate is for another name',
  HPE_INVALID_CONSTANT: 'the answer is not HTTP',
  HPE_HEADER_OVERFLOW: 'the headers of the answer are too large',
};

/** A socket's failure in words. */
export function faultWords(error: unknown): string {
  const { code = '', message = '', errors } = error as { code?: string; message?: string; errors?: unknown[] };
  // Several addresses were tried: the first says enough.
  if (errors?.[0] !== undefined && words[code] === undefined) return faultWords(errors[0]);
  if (code.startsWith('HPE_')) return words[code] ?? 'the answer is not HTTP';
  return words[code] ?? (message === '' ? code || 'unknown fault' : message.slice(0, 200));
}

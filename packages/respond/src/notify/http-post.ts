import { lookup as lookUp } from 'node:dns';
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';

export interface PostRequest {
  /** `http:` or `https:`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Certificates to trust besides the machine's, PEM. */
  readonly certificates?: readonly string[];
}

/** What came of it: an answer, or why there was none. `lasting`: the same call will end the same way. */
export type PostEnding =
  | {
      readonly status: number;
      /** What `Retry-After` said, milliseconds from now; 0 without. */
      readonly retryAfterMs: number;
      /** The first 2,000 characters. */
      readonly body: string;
    }
  | { readonly fault: string; readonly lasting: boolean };

/** Posts once. Follows no redirects, keeps no connection, reads at most 64 KiB of the answer, never throws. */
export type HttpPost = (request: PostRequest) => Promise<PostEnding>;

const answerLimitBytes = 64 * 1024;
const bodyShown = 2000;

/** Cloud machines serve their own secrets on such addresses (the same as for monitors): nobody's receiver is there. */
const forbidden = new BlockList();
for (const address of ['100.100.100.200', '168.63.129.16', '192.0.0.192']) forbid(address, 32);
forbid('169.254.0.0', 16);
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addAddress('fd00:ec2::254', 'ipv6');
forbidden.addAddress('fd20:ce::254', 'ipv6');

/** An IPv4 network, also as it is mapped into IPv6 (RFC 4291, 2.5.5.2) and behind NAT64 (RFC 6052). */
function forbid(network: string, prefix: number): void {
  forbidden.addSubnet(network, prefix, 'ipv4');
  for (const within of ['::ffff:', '64:ff9b::']) forbidden.addSubnet(`${within}${network}`, 96 + prefix, 'ipv6');
}

class ForbiddenAddress extends Error {}

const guardedLookup: LookupFunction = (host, options, done) =>
  lookUp(host, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, '');
    if (addresses.some(({ address }) => isForbidden(address))) {
      return done(new ForbiddenAddress('link-local'), '');
    }
    const [first] = addresses;
    if (options.all) done(null, addresses);
    else done(null, first?.address ?? '', first?.family);
  });

function isForbidden(address: string): boolean {
  return forbidden.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** The machine's own network, judged by `now` for dates in `Retry-After`. */
export function createHttpPost(now: () => number): HttpPost {
  return (wanted) =>
    new Promise((resolve) => {
      const url = new URL(wanted.url);
      const host = url.hostname.replace(/^\[|\]$/g, '');
      if (isIP(host) > 0 && isForbidden(host)) return resolve(faultOf(new ForbiddenAddress('link-local'), host));
      const signal = AbortSignal.any([wanted.signal, AbortSignal.timeout(wanted.timeoutMs)]);
      const options = {
        method: 'POST',
        agent: false as const,
        headers: { ...wanted.headers, 'content-length': String(Buffer.byteLength(wanted.body)) },
        lookup: guardedLookup,
        signal,
        ...(wanted.certificates && wanted.certificates.length > 0 ? { ca: [...wanted.certificates] } : {}),
      };
      let request: ClientRequest;
      try {
        request = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
      } catch (error) {
        return resolve({ fault: `The call cannot be made: ${(error as Error).message}`, lasting: true });
      }
      request.once('error', (error) => resolve(faultOf(error, host, signal)));
      request.once('response', (answer) => {
        readBody(answer).then(
          (body) =>
            resolve({
              status: answer.statusCode ?? 0,
              retryAfterMs: retryAfter(answer.headers['retry-after'], now()),
              body,
            }),
          (error: unknown) => resolve(faultOf(error, host, signal)),
        );
      });
      request.end(wanted.body);
    });
}

async function readBody(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    // The rest is of no use; leaving the loop ends the connection.
    if (size >= answerLimitBytes) break;
  }
  return Buffer.concat(parts).toString('utf8').slice(0, bodyShown).toWellFormed().replaceAll('\0', '');
}

/** RFC 9110, 10.2.3: seconds or a date. */
function retryAfter(text: string | undefined, nowMs: number): number {
  if (text === undefined) return 0;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs);
}

const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'closed the connection without an answer',
  EPIPE: 'closed the connection without an answer',
  ENOTFOUND: 'has no address (DNS)',
  EAI_AGAIN: 'cannot be looked up at the moment (DNS)',
  ENETUNREACH: 'cannot be reached from here',
  EHOSTUNREACH: 'cannot be reached from here',
  ETIMEDOUT: 'does not answer',
};

/** Faults in words. Certificates seldom mend within minutes: who waits should hear of it elsewhere at once. */
function faultOf(error: unknown, host: string, signal?: AbortSignal): Extract<PostEnding, { fault: string }> {
  const { code = '', message } = error as { code?: string; message: string };
  if (error instanceof ForbiddenAddress) {
    return {
      fault: `${host} is a link-local address or one of a metadata service: messages are not sent there.`,
      lasting: true,
    };
  }
  if (signal?.aborted) return { fault: `${host} did not answer in time.`, lasting: false };
  const known = sentences[code];
  if (known !== undefined) return { fault: `${host} ${known}.`, lasting: false };
  if (isTlsFault(code)) return { fault: `TLS with ${host} failed: ${message.slice(0, 200)}`, lasting: true };
  return { fault: `${host}: ${message.slice(0, 200)}`, lasting: false };
}

/** Codes of OpenSSL's verification and of Node's TLS. */
export function isTlsFault(code: string): boolean {
  return /CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO_|EPROTO|HOSTNAME_MISMATCH/.test(code);
}

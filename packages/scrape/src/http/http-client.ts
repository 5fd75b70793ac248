import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { fail, ok, type Result } from '@sightline/base';
import type { HttpClientConfig, Secret } from '../config/http-client-config.ts';

export interface AskOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Of the body as it comes and unzipped. */
  readonly bodyLimitBytes: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly contentType: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Keeps requests away from addresses that nobody may make this machine ask. */
export interface AddressGuard {
  /** Whether a host that is written as an address is one of those. */
  readonly refuses: (address: string) => boolean;
  /** As `dns.lookup`, failing for names that lead there. */
  readonly lookup: LookupFunction;
}

const redirectsLimit = 10;
const gunzip = promisify(zlib.gunzip);

/** Asks targets and discovery as one `HttpClientConfig` says. Files with secrets are read anew for each request. */
export class HttpClient {
  readonly #config: HttpClientConfig;
  readonly #guard: AddressGuard | undefined;
  #agents: { readonly material: string; readonly http: http.Agent; readonly https: https.Agent } | undefined;

  constructor(config: HttpClientConfig, guard?: AddressGuard) {
    this.#config = config;
    this.#guard = guard;
  }

  /** One GET; the error is a sentence without secrets. Ends within `timeoutMs`. */
  async get(url: string, options: AskOptions): Promise<Result<HttpAnswer, string>> {
    const deadline = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
    try {
      const agents = await this.#agentsNow();
      let at = new URL(url);
      for (let redirects = 0; redirects <= redirectsLimit; redirects++) {
        if (this.#guard?.refuses(at.hostname))
          return fail('its address is that of a metadata service, which is never asked');
        const own = at.origin === new URL(url).origin;
        const headers = { ...options.headers, ...(own ? await this.#ownHeaders() : {}) };
        const answer = await send(at, { headers, agents, deadline, bodyLimitBytes: options.bodyLimitBytes });
        if (!answer.ok) return answer;
        const { status, location } = answer.value;
        if (status >= 300 && status < 400 && location !== undefined && this.#config.followRedirects) {
          at = new URL(location, at);
          if (!/^https?:$/.test(at.protocol)) return fail('it redirects to an address that is not HTTP');
          continue;
        }
        return status === 200 ? await unzipped(answer.value, options.bodyLimitBytes) : fail(`it answered ${status}`);
      }
      return fail(`it redirects more than ${redirectsLimit} times`);
    } catch (error) {
      if (options.signal.aborted) return fail('it was stopped');
      if (deadline.aborted) return fail(`no answer within ${options.timeoutMs / 1000} s`);
      return fail(error instanceof Error ? error.message : 'it cannot be asked');
    }
  }

  close(): void {
    this.#agents?.http.destroy();
    this.#agents?.https.destroy();
    this.#agents = undefined;
  }

  async #ownHeaders(): Promise<Record<string, string>> {
    const { authorization, basicAuth, headers } = this.#config;
    const own: Record<string, string> = {};
    for (const [name, value] of headers) own[name] = await reveal(value);
    if (authorization) own['authorization'] = `${authorization.type} ${await reveal(authorization.credentials)}`;
    if (basicAuth) {
      const pair = `${await reveal(basicAuth.username)}:${await reveal(basicAuth.password)}`;
      own['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
    }
    return own;
  }

  /** Agents keep connections; new ones are made when a certificate was renewed. */
  async #agentsNow(): Promise<{ readonly http: http.Agent; readonly https: https.Agent }> {
    const { ca, cert, key, serverName, insecureSkipVerify } = this.#config.tls;
    const read = async (secret: Secret | undefined): Promise<string | undefined> => secret && reveal(secret);
    const [caText, certText, keyText] = await Promise.all([read(ca), read(cert), read(key)]);
    const material = JSON.stringify([caText, certText, keyText]);
    if (this.#agents?.material === material) return this.#agents;
    this.close();
    const keepAlive = {
      keepAlive: true,
      maxFreeSockets: 2,
      timeout: 120_000,
      ...(this.#guard && { lookup: this.#guard.lookup }),
    };
    this.#agents = {
      material,
      http: new http.Agent(keepAlive),
      https: new https.Agent({
        ...keepAlive,
        rejectUnauthorized: !insecureSkipVerify,
        ...(caText !== undefined && { ca: caText }),
        ...(certText !== undefined && { cert: certText }),
        ...(keyText !== undefined && { key: keyText }),
        ...(serverName !== '' && { servername: serverName }),
      }),
    };
    return this.#agents;
  }
}

async function reveal(secret: Secret): Promise<string> {
  if ('text' in secret) return secret.text;
  try {
    return (await readFile(secret.file, 'utf8')).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`the file ${secret.file} cannot be read: ${code ?? 'unknown'}`, { cause: error });
  }
}

interface RawAnswer extends HttpAnswer {
  readonly status: number;
  readonly location: string | undefined;
}

function send(
  url: URL,
  options: {
    readonly headers: Readonly<Record<string, string>>;
    readonly agents: { readonly http: http.Agent; readonly https: https.Agent };
    readonly deadline: AbortSignal;
    readonly bodyLimitBytes: number;
  },
): Promise<Result<RawAnswer, string>> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const request = (secure ? https : http).request(url, {
      headers: options.headers,
      agent: secure ? options.agents.https : options.agents.http,
      signal: options.deadline,
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        parts.push(part);
        if (size <= options.bodyLimitBytes) return;
        resolve(fail(tooLarge(options.bodyLimitBytes)));
        request.destroy();
      });
      response.once('error', reject);
      response.once('aborted', () => reject(new Error('the connection was cut')));
      response.once('end', () => {
        const { statusCode: status = 0, headers } = response;
        const contentType = headers['content-type'] ?? '';
        resolve(ok({ status, headers, contentType, location: headers.location, body: Buffer.concat(parts) }));
      });
    });
    request.end();
  });
}

const tooLarge = (limitBytes: number): string => `the answer is larger than ${limitBytes} bytes`;

async function unzipped(answer: RawAnswer, limitBytes: number): Promise<Result<HttpAnswer, string>> {
  const coding = (answer.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (coding === 'identity' || coding === '') return ok(answer);
  if (coding !== 'gzip') return fail(`the answer comes in the coding "${coding.slice(0, 40)}", which nobody asked for`);
  try {
    return ok({ ...answer, body: await gunzip(answer.body, { maxOutputLength: limitBytes }) });
  } catch (error) {
    return fail(error instanceof RangeError ? tooLarge(limitBytes) : 'the answer is no gzip');
  }
}

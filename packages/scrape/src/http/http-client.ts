import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { fail, ok, type Result } from '@sightline/base';
import type { HttpClientConfig, Secret } from '../config/http-client-config.ts';
import { OAuth2Tokens } from './oauth2-tokens.ts';
import { reveal } from './reveal.ts';
import { isDirect } from './is-direct.ts';

export interface AskOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Of the body as it comes and unzipped. */
  readonly bodyLimitBytes: number;
  readonly signal: AbortSignal;
  /** Of an answer that goes on: called when it begins well, gets its parts as they come instead of a body, and ends it with a sentence. */
  readonly onStart?: () => (part: Buffer) => string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
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

interface AgentPair {
  readonly http: http.Agent;
  readonly https: https.Agent;
}
interface Agents {
  readonly direct: AgentPair;
  /** Undefined without a proxy. */
  readonly proxied: AgentPair | undefined;
  readonly goesDirect: (url: URL) => boolean;
}

const redirectsLimit = 10;
const gunzip = promisify(zlib.gunzip);

/** Asks targets and discovery as one `HttpClientConfig` says. Files with secrets are read anew for each request. */
export class HttpClient {
  readonly #config: HttpClientConfig;
  readonly #guard: AddressGuard | undefined;
  readonly #tokens: OAuth2Tokens | undefined;
  #agents: (Agents & { readonly material: string }) | undefined;

  constructor(config: HttpClientConfig, guard?: AddressGuard) {
    this.#config = config;
    this.#guard = guard;
    this.#tokens = config.oauth2 && new OAuth2Tokens(config.oauth2, new HttpClient(config.oauth2.http, guard));
  }

  /** One GET; the error is a sentence without secrets. Ends within `timeoutMs`. */
  async get(url: string, options: AskOptions): Promise<Result<HttpAnswer, string>> {
    const answer = await this.ask(url, options);
    if (!answer.ok || answer.value.status === 200) return answer;
    return fail(`it answered ${answer.value.status}`);
  }

  /** One GET, or a POST of a form: whatever status it is answered with. */
  async ask(
    url: string,
    options: AskOptions & { readonly form?: URLSearchParams },
  ): Promise<Result<HttpAnswer, string>> {
    const deadline = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
    try {
      const agents = await this.#agentsNow();
      const { form, bodyLimitBytes, onStart } = options;
      let at = new URL(url);
      for (let redirects = 0; redirects <= redirectsLimit; redirects++) {
        if (this.#refuses(at)) return fail('its address is that of a metadata service, which is never asked');
        const own = at.origin === new URL(url).origin;
        const authority = own ? await this.#ownHeaders(options) : ok({});
        if (!authority.ok) return authority;
        const headers = { ...options.headers, ...authority.value };
        const answer = await send(at, { headers, agents, deadline, bodyLimitBytes, form, onStart });
        if (!answer.ok) return answer;
        const { status, location } = answer.value;
        // Whoever refuses a token may know no more of it.
        if (status === 401) this.#tokens?.forget();
        if (
          form === undefined &&
          status >= 300 &&
          status < 400 &&
          location !== undefined &&
          this.#config.followRedirects
        ) {
          at = new URL(location, at);
          if (!/^https?:$/.test(at.protocol)) return fail('it redirects to an address that is not HTTP');
          continue;
        }
        return await unzipped(answer.value, bodyLimitBytes);
      }
      return fail(`it redirects more than ${redirectsLimit} times`);
    } catch (error) {
      if (options.signal.aborted) return fail('it was stopped');
      if (deadline.aborted) return fail(`no answer within ${options.timeoutMs / 1000} s`);
      return fail(error instanceof Error ? error.message : 'it cannot be asked');
    }
  }

  close(): void {
    this.#tokens?.close();
    this.#endAgents();
  }

  #endAgents(): void {
    for (const agent of [this.#agents?.direct, this.#agents?.proxied]) {
      agent?.http.destroy();
      agent?.https.destroy();
    }
    this.#agents = undefined;
  }

  #refuses({ hostname }: URL): boolean {
    const { proxy } = this.#config;
    const hosts = proxy ? [hostname, new URL(proxy.url).hostname] : [hostname];
    return hosts.some((host) => this.#guard?.refuses(host));
  }

  async #ownHeaders({ timeoutMs, signal }: AskOptions): Promise<Result<Record<string, string>, string>> {
    const { authorization, basicAuth, headers } = this.#config;
    const own: Record<string, string> = {};
    for (const [name, value] of headers) own[name] = await reveal(value);
    if (authorization) own['authorization'] = `${authorization.type} ${await reveal(authorization.credentials)}`;
    if (basicAuth) {
      const pair = `${await reveal(basicAuth.username)}:${await reveal(basicAuth.password)}`;
      own['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
    }
    if (this.#tokens) {
      const token = await this.#tokens.token({ timeoutMs, signal });
      if (!token.ok) return token;
      own['authorization'] = `Bearer ${token.value}`;
    }
    return ok(own);
  }

  /** Agents keep connections; new ones are made when a certificate was renewed. */
  async #agentsNow(): Promise<Agents> {
    const { ca, cert, key, serverName, insecureSkipVerify } = this.#config.tls;
    const read = async (secret: Secret | undefined): Promise<string | undefined> => secret && reveal(secret);
    const [caText, certText, keyText] = await Promise.all([read(ca), read(cert), read(key)]);
    const material = JSON.stringify([caText, certText, keyText]);
    if (this.#agents?.material === material) return this.#agents;
    this.#endAgents();
    const keepAlive = {
      keepAlive: true,
      maxFreeSockets: 2,
      timeout: 120_000,
      ...(this.#guard && { lookup: this.#guard.lookup }),
    };
    const pair = (proxyEnv: http.AgentOptions): AgentPair => ({
      http: new http.Agent({ ...keepAlive, ...proxyEnv }),
      https: new https.Agent({
        ...keepAlive,
        ...proxyEnv,
        rejectUnauthorized: !insecureSkipVerify,
        ...(caText !== undefined && { ca: caText }),
        ...(certText !== undefined && { cert: certText }),
        ...(keyText !== undefined && { key: keyText }),
        ...(serverName !== '' && { servername: serverName }),
      }),
    });
    const { proxy } = this.#config;
    const proxied = proxy && pair({ proxyEnv: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url } });
    this.#agents = { material, direct: pair({}), proxied, goesDirect: (url) => isDirect(url, proxy?.direct ?? []) };
    return this.#agents;
  }
}

interface RawAnswer extends HttpAnswer {
  readonly location: string | undefined;
}

function send(
  url: URL,
  options: {
    readonly headers: Readonly<Record<string, string>>;
    readonly agents: Agents;
    readonly deadline: AbortSignal;
    readonly bodyLimitBytes: number;
    readonly form: URLSearchParams | undefined;
    readonly onStart: AskOptions['onStart'];
  },
): Promise<Result<RawAnswer, string>> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const { direct, proxied, goesDirect } = options.agents;
    const agents = proxied === undefined || goesDirect(url) ? direct : proxied;
    const body = options.form?.toString();
    const request = (secure ? https : http).request(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...options.headers,
        ...(body !== undefined && {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': String(Buffer.byteLength(body)),
        }),
      },
      agent: secure ? agents.https : agents.http,
      signal: options.deadline,
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const listener = response.statusCode === 200 ? options.onStart?.() : undefined;
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        if (listener) {
          const wrong = listener(part);
          if (wrong === undefined) return;
          resolve(fail(wrong));
          request.destroy();
          return;
        }
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
    request.end(body);
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

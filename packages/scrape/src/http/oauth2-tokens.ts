import { fail, ok, type Result } from '@sightline/base';
import type { OAuth2Config } from '../config/http-client-config.ts';
import type { HttpClient } from './http-client.ts';
import { reveal } from './reveal.ts';

const bodyLimitBytes = 1024 * 1024;
/** A token is renewed so long before it ends. */
const earlyMs = 10_000;
/** Of a token that says nothing of its end. */
const defaultLifeMs = 300_000;

type Bounds = { readonly timeoutMs: number; readonly signal: AbortSignal };

/**
 * Bearer tokens of the client's own (RFC 6749, 4.4), kept until shortly before they end. The client's secret goes into the header first, as the RFC
 * wants; where that is refused, into the form, as some servers want.
 */
export class OAuth2Tokens {
  readonly #config: OAuth2Config;
  readonly #client: Pick<HttpClient, 'ask' | 'close'>;
  #kept: { readonly token: string; readonly untilMs: number } | undefined;
  #asking: Promise<Result<string, string>> | undefined;
  #secretInForm = false;

  constructor(config: OAuth2Config, client: Pick<HttpClient, 'ask' | 'close'>) {
    this.#config = config;
    this.#client = client;
  }

  /** The error is a sentence without secrets. */
  async token(bounds: Bounds): Promise<Result<string, string>> {
    if (this.#kept && performance.now() < this.#kept.untilMs) return ok(this.#kept.token);
    // All who need one wait for the same.
    this.#asking ??= this.#fetch(bounds).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** The next request gets another. */
  forget(): void {
    this.#kept = undefined;
  }

  close(): void {
    this.#client.close();
  }

  async #fetch(bounds: Bounds): Promise<Result<string, string>> {
    let answer = await this.#ask(bounds, this.#secretInForm);
    if (answer.ok && [400, 401].includes(answer.value.status)) {
      const other = await this.#ask(bounds, !this.#secretInForm);
      if (other.ok && other.value.status === 200) this.#secretInForm = !this.#secretInForm;
      answer = other;
    }
    if (!answer.ok) return fail(`no token: ${answer.error}`);
    if (answer.value.status !== 200) return fail(`no token: it answered ${answer.value.status}`);
    const read = readToken(answer.value.body);
    if (!read) return fail('no token: the answer holds none');
    this.#kept = { token: read.token, untilMs: performance.now() + read.lifeMs - earlyMs };
    return ok(read.token);
  }

  async #ask({ timeoutMs, signal }: Bounds, secretInForm: boolean): ReturnType<HttpClient['ask']> {
    const { clientId, clientSecret, tokenUrl, scopes, params } = this.#config;
    const secret = await reveal(clientSecret);
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    for (const [name, value] of params) form.set(name, value);
    const headers: Record<string, string> = { accept: 'application/json', 'accept-encoding': 'gzip' };
    if (secretInForm) {
      form.set('client_id', clientId);
      form.set('client_secret', secret);
    } else {
      const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`;
      headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
    }
    return this.#client.ask(tokenUrl, { headers, timeoutMs, bodyLimitBytes, signal, form });
  }
}

function readToken(body: Buffer): { readonly token: string; readonly lifeMs: number } | undefined {
  try {
    const { access_token: token, expires_in: life } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    // Some servers write the number as a text.
    const seconds = Number(life ?? Number.NaN);
    const lifeMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : defaultLifeMs;
    return typeof token === 'string' && token !== '' ? { token, lifeMs } : undefined;
  } catch {
    return undefined;
  }
}

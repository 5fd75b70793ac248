import type { IncomingMessage, RequestOptions } from 'node:http';
import { fail, ok, type Result } from '@sightline/base';
import type { AnswerFault } from '@sightline/fleet/messages';
import { http } from '../node-http.ts';

/** Where an engine may answer: a Unix socket (or Windows pipe), or a TCP address without TLS. */
export type EngineAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** The newest version of the Engine API that this program was written against. */
const newestApi = '1.47';
const replyLimitBytes = 8 * 1024 * 1024;

export interface EngineCall {
  readonly method?: 'GET' | 'POST';
  /** Below the version: `/containers/json`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What answers, as people know it: "Docker Engine 27.3.1", "Podman Engine 4.3.1". */
export interface EngineSession {
  readonly address: EngineAddress;
  readonly name: string;
  readonly version: string;
  /** Version of the API that both sides speak, such as "1.41". */
  readonly api: string;
}

/** Addresses to try in order. `DOCKER_HOST` alone where it is set: whoever sets it means that engine and no other. */
export function engineAddresses(environment: Readonly<Record<string, string | undefined>>): EngineAddress[] {
  const named = environment['DOCKER_HOST'];
  if (named) return addressOf(named);
  const runtime = environment['XDG_RUNTIME_DIR'];
  const home = environment['HOME'];
  const paths = [
    '/var/run/docker.sock',
    '/run/podman/podman.sock',
    ...(runtime ? [`${runtime}/docker.sock`, `${runtime}/podman/podman.sock`] : []),
    ...(home ? [`${home}/.docker/run/docker.sock`] : []),
    ...(process.platform === 'win32' ? ['//./pipe/docker_engine'] : []),
  ];
  return paths.map((socketPath) => ({ socketPath }));
}

function addressOf(named: string): EngineAddress[] {
  const [, scheme = '', rest = ''] = /^(unix|npipe|tcp|http):\/\/(.+)$/.exec(named) ?? [];
  if (scheme === 'unix' || scheme === 'npipe') return [{ socketPath: rest }];
  const url = scheme ? URL.parse(`http://${rest}`) : null;
  return url ? [{ host: url.hostname, port: Number(url.port) || 2375 }] : [];
}

/** Less than zero when `a` is the older of two versions such as "1.41". */
function compareApi(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

/**
 * A client of the Docker Engine API (https://docs.docker.com/reference/api/engine/), which podman serves as well. Finds the
 * engine anew after it went away. Every fault is one of the link's, with a sentence for the person who asked.
 */
export class DockerEngine {
  readonly #addresses: readonly EngineAddress[];
  #session: EngineSession | undefined;

  /** @param addresses see `engineAddresses`; none means that `DOCKER_HOST` could not be understood. */
  constructor(addresses: readonly EngineAddress[]) {
    this.#addresses = addresses;
  }

  /** The engine that answers, negotiated once for as long as it answers. */
  async session(signal?: AbortSignal): Promise<Result<EngineSession, AnswerFault>> {
    if (this.#session) return ok(this.#session);
    const faults: string[] = [];
    for (const address of this.#addresses) {
      const reply = await exchange(address, { path: '/version', timeoutMs: 5000, ...(signal && { signal }) });
      if (!reply.ok) {
        if (!reply.error.absent) faults.push(reply.error.message);
        continue;
      }
      const found = await negotiate(address, reply.value);
      if (!found.ok) {
        faults.push(found.error.message);
        continue;
      }
      this.#session = found.value;
      return found;
    }
    const why = faults[0] ?? `no Docker Engine answers here (looked for ${this.#addresses.map(nameOf).join(', ')})`;
    return unavailable(this.#addresses.length === 0 ? 'DOCKER_HOST must be unix://<path> or tcp://<host>:<port>' : why);
  }

  /** Asks for JSON; a reply without content is `undefined`. At most 8 MB are read. */
  async call(call: EngineCall): Promise<Result<unknown, AnswerFault>> {
    const reply = await this.open(call);
    if (!reply.ok) return reply;
    const text = await readText(reply.value);
    if (!text.ok) return text;
    if (text.value === '') return ok(undefined);
    try {
      return ok(JSON.parse(text.value));
    } catch {
      return unavailable(`the engine answered ${call.path} with something that is not JSON`);
    }
  }

  /** The reply as a stream, for logs and events. Whoever takes it must read it to its end or destroy it. */
  async open(call: EngineCall): Promise<Result<IncomingMessage, AnswerFault>> {
    const session = await this.session(call.signal);
    if (!session.ok) return session;
    const { address, api } = session.value;
    const reply = await exchange(address, { ...call, path: `/v${api}${call.path}` });
    if (!reply.ok) {
      this.#session = undefined;
      return fail({ reason: reply.error.timedOut ? 'timeout' : 'unavailable', message: reply.error.message });
    }
    const status = reply.value.statusCode ?? 0;
    if (status < 400) return ok(reply.value);
    const text = await readText(reply.value);
    const said = text.ok ? messageIn(text.value) : '';
    if (status === 404) return fail({ reason: 'not-found', message: said || 'the engine knows no such container' });
    return unavailable(`the engine refused: ${said || `HTTP ${status}`}`);
  }
}

async function negotiate(address: EngineAddress, reply: IncomingMessage): Promise<Result<EngineSession, AnswerFault>> {
  const text = await readText(reply);
  if (!text.ok) return text;
  try {
    const said = JSON.parse(text.value) as Record<string, unknown> & { Components?: { Name?: string }[] };
    const theirs = typeof said['ApiVersion'] === 'string' ? said['ApiVersion'] : '';
    if (!/^\d+\.\d+$/.test(theirs)) throw new Error('no ApiVersion');
    const version = typeof said['Version'] === 'string' ? said['Version'] : '';
    const first = said.Components?.[0]?.Name;
    const name = first === 'Podman Engine' ? 'Podman Engine' : 'Docker Engine';
    const api = compareApi(theirs, newestApi) < 0 ? theirs : newestApi;
    return ok({ address, name: `${name} ${version}`.trim(), version, api });
  } catch {
    return unavailable(`what answers at ${nameOf(address)} is no Docker Engine`);
  }
}

interface Unreached {
  readonly message: string;
  /** Nothing is there, as opposed to something that does not let us in. */
  readonly absent: boolean;
  readonly timedOut: boolean;
}

/** One HTTP exchange up to the reply's head. The time limit covers silence afterwards as well, where one is given. */
function exchange(address: EngineAddress, call: EngineCall): Promise<Result<IncomingMessage, Unreached>> {
  const query = call.query ? `?${new URLSearchParams(call.query).toString()}` : '';
  const timeoutMs = call.timeoutMs ?? 10_000;
  const options: RequestOptions = {
    ...address,
    method: call.method ?? 'GET',
    path: `${call.path}${query}`,
    headers: { host: 'docker', 'content-length': '0' },
    // Node's shared agent ends a connection after five silent seconds, and events may be rarer.
    agent: false,
    ...(timeoutMs > 0 && { timeout: timeoutMs }),
    ...(call.signal && { signal: call.signal }),
  };
  return new Promise((resolve) => {
    const request = http.request(options, (reply) => {
      // Silence of a stream that began, or an abort, ends its reading; the reader sees an error or a premature end.
      reply.on('error', () => undefined);
      resolve(ok(reply));
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    request.on('error', (error: NodeJS.ErrnoException) => resolve(fail(unreached(address, error, timeoutMs))));
    request.end();
  });
}

function unreached(address: EngineAddress, error: NodeJS.ErrnoException, timeoutMs: number): Unreached {
  const at = nameOf(address);
  if (error.code === 'ENOENT') return { message: `there is no ${at}`, absent: true, timedOut: false };
  if (error.code === 'ECONNREFUSED')
    return { message: `nothing answers at ${at}: the engine is stopped`, absent: false, timedOut: false };
  if (error.code === 'EACCES')
    return {
      message: `the agent may not open ${at}: run it as root, or add its user to the group that owns the socket`,
      absent: false,
      timedOut: false,
    };
  if (error.code === 'ETIMEDOUT')
    return {
      message: `the engine at ${at} did not answer within ${timeoutMs / 1000} s`,
      absent: false,
      timedOut: true,
    };
  return { message: `the engine at ${at} could not be asked: ${error.message}`, absent: false, timedOut: false };
}

/** The whole reply as text, refused beyond 8 MB. */
async function readText(reply: IncomingMessage): Promise<Result<string, AnswerFault>> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > replyLimitBytes) return unavailable('the engine answered with more than 8 MB');
      chunks.push(chunk);
    }
  } catch (error) {
    return unavailable(`the engine stopped in the middle of its answer: ${(error as Error).message}`);
  }
  return ok(Buffer.concat(chunks).toString('utf8'));
}

function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message.slice(0, 500) : '';
  } catch {
    return text.slice(0, 200);
  }
}

const nameOf = (address: EngineAddress): string =>
  'socketPath' in address ? address.socketPath : `${address.host}:${address.port}`;

function unavailable(message: string): Result<never, AnswerFault> {
  return fail({ reason: 'unavailable', message });
}

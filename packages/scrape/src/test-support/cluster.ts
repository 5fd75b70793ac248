import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface KubeObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

interface Watcher {
  readonly path: string;
  readonly response: ServerResponse;
}

/** A real HTTP server that speaks as much of the Kubernetes API as discovery asks for: pages, watches, their ends. */
export class Cluster {
  readonly token: string;
  /** Of each request, in order. */
  readonly asked: string[] = [];
  /** Objects of a page: small, so that lists have several. */
  pageObjects = 2;
  /** Whether watches are answered 410: what they go on from is too long ago. */
  expired = false;
  /** Whether everything is answered 500. */
  broken = false;
  #version = 100;
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #watchers = new Set<Watcher>();
  readonly #server = createServer((request, response) => this.#answer(request, response));

  constructor(token: string) {
    this.token = token;
  }

  /** Answers the address. */
  async start(): Promise<string> {
    await new Promise<void>((ready) => this.#server.listen(0, '127.0.0.1', ready));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((closed) => void this.#server.close(() => closed()));
  }

  get watches(): number {
    return this.#watchers.size;
  }

  /** Creates or changes; `plural` as in the path: `pods`. */
  put(plural: string, object: KubeObject): void {
    const all = this.#objects.get(plural) ?? new Map<string, KubeObject>();
    this.#objects.set(plural, all);
    const key = keyOf(object);
    const type = all.has(key) ? 'MODIFIED' : 'ADDED';
    const kept = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    all.set(key, kept);
    this.#tell(plural, type, kept);
  }

  remove(plural: string, object: KubeObject): void {
    this.#objects.get(plural)?.delete(keyOf(object));
    const gone = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    this.#tell(plural, 'DELETED', gone);
  }

  /** As `remove`, while nobody hears of it: what a lost watch misses. */
  removeUnheard(plural: string, object: KubeObject): void {
    this.#objects.get(plural)?.delete(keyOf(object));
    this.#version++;
  }

  /** Ends all watches: cut in the middle, or as told by the API. */
  endWatches(how: 'cut' | 'gone' | 'done'): void {
    for (const { response } of this.#watchers) {
      if (how === 'cut') response.socket?.destroy();
      else if (how === 'gone')
        response.end(`${JSON.stringify({ type: 'ERROR', object: { code: 410, metadata: {} } })}\n`);
      else response.end();
    }
    this.#watchers.clear();
  }

  #tell(plural: string, type: string, object: KubeObject): void {
    const namespace = object.metadata.namespace ?? '';
    for (const { path, response } of this.#watchers)
      if (path.endsWith(`/${plural}`) && (!path.includes('/namespaces/') || path.includes(`/namespaces/${namespace}/`)))
        response.write(`${JSON.stringify({ type, object })}\n`);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname: path, searchParams } = new URL(request.url ?? '', 'http://cluster');
    this.asked.push(request.url ?? '');
    if (request.headers.authorization !== `Bearer ${this.token}`) return void response.writeHead(401).end('{}');
    if (this.broken) return void response.writeHead(500).end('{}');
    response.setHeader('content-type', 'application/json');
    if (searchParams.get('watch') === 'true') return this.#watch(path, response);
    const [, namespace = '', plural = ''] = /(?:\/namespaces\/([^/]+))?\/([^/]+)$/.exec(path) ?? [];
    const all = [...(this.#objects.get(plural)?.values() ?? [])].filter(
      ({ metadata }) => namespace === '' || metadata.namespace === namespace,
    );
    const from = Number(searchParams.get('continue') ?? 0);
    const end = from + this.pageObjects;
    const next = end < all.length ? { continue: String(end) } : {};
    response.end(
      JSON.stringify({ metadata: { resourceVersion: String(this.#version), ...next }, items: all.slice(from, end) }),
    );
  }

  #watch(path: string, response: ServerResponse): void {
    if (this.expired) return void response.writeHead(410).end('{}');
    response.writeHead(200);
    const bookmark = { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.#version) } } };
    // An event in two pieces, as networks send them.
    const text = `${JSON.stringify(bookmark)}\n`;
    response.write(text.slice(0, 10));
    setTimeout(() => response.write(text.slice(10)), 5);
    const watcher = { path, response };
    this.#watchers.add(watcher);
    response.on('close', () => this.#watchers.delete(watcher));
  }
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

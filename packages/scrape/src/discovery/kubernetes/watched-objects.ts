import { StringDecoder } from 'node:string_decoder';
import { type Clock, fail, type Logger, ok, type Result } from '@sightline/base';
import type { HttpClient } from '../../http/http-client.ts';
import type { ObjectOf } from './objects.ts';
import type { Resource } from './role.ts';

export interface WatchParts {
  readonly client: Pick<HttpClient, 'ask'>;
  readonly apiServer: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Called whenever the objects are others. */
  readonly changed: () => void;
}

const pageObjects = 500;
/** Objects of one kind and namespace; a cluster with more is not looked at. */
const objectsLimit = 50_000;
const pageLimitBytes = 64 * 1024 * 1024;
/** An object is at most 1.5 MB in the cluster's own store. */
const lineLimit = 4 * 1024 * 1024;
const listTimeoutMs = 30_000;
/** The API ends a watch after so long; then the next one goes on. */
const watchForS = 240;
/** All is listed anew after so long: what a watch may have missed is found then. */
const resyncMs = 600_000;
/** A watch that lasted so long was a good one, however it ended. */
const steadyMs = 5000;
const backoffMs = [1000, 2000, 5000, 10_000, 30_000] as const;

/** Objects of one kind as they stand: listed in pages, then watched (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes). */
export class WatchedObjects {
  readonly #parts: WatchParts;
  readonly #path: string;
  readonly #query: string;
  #objects = new Map<string, ObjectOf>();
  #version = '';
  #synced = false;

  constructor(
    { api, plural }: Resource,
    namespace: string,
    selectors: readonly { readonly label: string; readonly field: string }[],
    parts: WatchParts,
  ) {
    this.#parts = parts;
    const base = api.includes('/') ? `/apis/${api}` : `/api/${api}`;
    this.#path = `${base}${namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`}/${plural}`;
    const query = new URLSearchParams();
    for (const [name, texts] of [
      ['labelSelector', selectors.map(({ label }) => label)],
      ['fieldSelector', selectors.map(({ field }) => field)],
    ] as const) {
      const given = texts.filter((text) => text !== '');
      if (given.length > 0) query.set(name, given.join(','));
    }
    this.#query = query.toString();
  }

  /** True once they were listed. */
  get synced(): boolean {
    return this.#synced;
  }

  values(): Iterable<ObjectOf> {
    return this.#objects.values();
  }

  find(namespace: string | undefined, name: string): ObjectOf | undefined {
    return this.#objects.get(keyOf({ name, ...(namespace !== undefined && { namespace }) }));
  }

  /** Goes on until the signal aborts. What was found stays while the API does not answer. */
  async run(): Promise<void> {
    const { clock, logger, signal } = this.#parts;
    let failures = 0;
    while (!signal.aborted) {
      const went = await this.#listAndWatch();
      if (signal.aborted) break;
      if (went.ok) {
        failures = 0;
        continue;
      }
      if (failures === 0)
        logger.warn('a Kubernetes API cannot be asked; what is known stays', { path: this.#path, why: went.error });
      await clock.sleep(backoffMs[Math.min(failures, backoffMs.length - 1)] ?? 1000, signal);
      failures++;
    }
  }

  /** One list, and watches from there on until it is time to list again. */
  async #listAndWatch(): Promise<Result<undefined, string>> {
    const { clock, signal } = this.#parts;
    const listed = await this.#list();
    if (!listed.ok) return listed;
    const listAtMs = clock.now() + resyncMs;
    while (!signal.aborted && clock.now() < listAtMs) {
      const began = clock.now();
      const watched = await this.#watch();
      // What has changed too long ago is listed anew, at once: nothing is wrong.
      // One that was cut after a while is no fault of the API either.
      if (!watched.ok) return watched.error === 'gone' || clock.now() - began > steadyMs ? ok(undefined) : watched;
      // A watch that ends as soon as it begins must not become a storm of requests.
      if (clock.now() - began < 1000) await clock.sleep(1000, signal);
    }
    return ok(undefined);
  }

  async #list(): Promise<Result<undefined, string>> {
    const objects = new Map<string, ObjectOf>();
    let next = '';
    let version = '';
    do {
      const page = await this.#page(next);
      if (!page.ok) return page;
      const { items = [], metadata = {} } = page.value;
      for (const item of items) objects.set(keyOf(item.metadata), slim(item));
      if (objects.size > objectsLimit)
        return fail(`there are more than ${objectsLimit} objects: name namespaces or selectors`);
      next = metadata.continue ?? '';
      version = metadata.resourceVersion ?? '';
    } while (next !== '');
    this.#objects = objects;
    this.#version = version;
    this.#synced = true;
    this.#parts.changed();
    return ok(undefined);
  }

  async #page(next: string): Promise<Result<ListAnswer, string>> {
    const { client, signal } = this.#parts;
    const url = this.#url({ limit: String(pageObjects), ...(next !== '' && { continue: next }) });
    const headers = { accept: 'application/json', 'accept-encoding': 'gzip' };
    const answer = await client.ask(url, { headers, timeoutMs: listTimeoutMs, bodyLimitBytes: pageLimitBytes, signal });
    if (!answer.ok) return answer;
    if (answer.value.status !== 200) return fail(`it answered ${answer.value.status}`);
    const read = parsed(answer.value.body.toString('utf8')) as ListAnswer | undefined;
    if (!read || (read.items !== undefined && !read.items?.every(isObject))) return fail('the answer is no list');
    return ok(read);
  }

  async #watch(): Promise<Result<undefined, string>> {
    const { client, signal } = this.#parts;
    const url = this.#url({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#version,
      timeoutSeconds: String(watchForS),
    });
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const onStart = () => (part: Buffer) => {
      const lines = (rest + decoder.write(part)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const wrong = line.trim() === '' ? undefined : this.#take(line);
        if (wrong !== undefined) return wrong;
      }
      return rest.length > lineLimit ? 'an object is too large' : undefined;
    };
    const headers = { accept: 'application/json', 'accept-encoding': 'identity' };
    // A little longer than the API was asked to hold it: a connection that died in silence ends too.
    const timeoutMs = (watchForS + 30) * 1000;
    const answer = await client.ask(url, { headers, timeoutMs, bodyLimitBytes: pageLimitBytes, signal, onStart });
    if (!answer.ok) return answer;
    if (answer.value.status === 410) return fail('gone');
    return answer.value.status === 200 ? ok(undefined) : fail(`it answered ${answer.value.status}`);
  }

  /** Answers why the watch cannot go on. */
  #take(line: string): string | undefined {
    const event = parsed(line) as
      | { readonly type?: string; readonly object?: ObjectOf & { code?: number } }
      | undefined;
    const { type = '', object } = event ?? {};
    if (type === 'ERROR') return object?.code === 410 ? 'gone' : 'the watch failed';
    if (!isObject(object)) return 'an event has no object';
    this.#version = object.metadata.resourceVersion ?? this.#version;
    if (type === 'BOOKMARK') return undefined;
    const key = keyOf(object.metadata);
    if (type === 'DELETED') this.#objects.delete(key);
    else if (this.#objects.size < objectsLimit || this.#objects.has(key)) this.#objects.set(key, slim(object));
    else return `there are more than ${objectsLimit} objects: name namespaces or selectors`;
    this.#parts.changed();
    return undefined;
  }

  #url(query: Readonly<Record<string, string>>): string {
    const own = new URLSearchParams(query).toString();
    return `${this.#parts.apiServer}${this.#path}?${this.#query === '' ? own : `${this.#query}&${own}`}`;
  }
}

interface ListAnswer {
  readonly items?: readonly ObjectOf[];
  readonly metadata?: { readonly continue?: string; readonly resourceVersion?: string };
}

const keyOf = ({ namespace = '', name }: Pick<ObjectOf['metadata'], 'namespace' | 'name'>): string =>
  `${namespace}/${name}`;

function isObject(value: unknown): value is ObjectOf {
  const { metadata } = (value ?? {}) as { metadata?: unknown };
  return typeof metadata === 'object' && metadata !== null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Who wrote which field is half of an object and nothing to us. */
function slim(object: ObjectOf): ObjectOf {
  const { managedFields: _, ...metadata } = object.metadata as ObjectOf['metadata'] & { managedFields?: unknown };
  return { ...object, metadata };
}

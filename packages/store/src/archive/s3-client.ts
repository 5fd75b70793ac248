import { createHash } from 'node:crypto';
import { type Clock, retry } from '@sightline/base';
import { AwsV4Signer } from 'aws4fetch';

/** Where objects lie, and the keys that may reach them. */
export interface S3Place {
  readonly bucket: string;
  /** Before every name, without a slash at either end; '' for none. */
  readonly prefix: string;
  /** Address of an S3-compatible store, with the bucket in the path; '' for Amazon's own. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** '' for none. */
  readonly sessionToken: string;
}

/** An answer of the store that was not expected: its status, its own code, and what it says. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** One object of a list. */
export interface S3Object {
  readonly key: string;
  readonly sizeBytes: number;
}

interface Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Statuses beside 2xx that are answers. */
  readonly expected?: readonly number[];
  readonly timeoutMs?: number;
}

const attempts = { attempts: 4, firstDelayMs: 200, maxDelayMs: 5000 };
/** For a whole small call; an upload of a part may take longer. */
const callTimeoutMs = 30_000;
const partTimeoutMs = 5 * 60_000;
/** A download that gives nothing for so long is begun again where it stopped. */
const stallMs = 30_000;
/** As many as S3 gives. */
const listedAtOnce = 1000;
const mostAnswerBytes = 16 * 1024 * 1024;
const mostErrorBytes = 64 * 1024;

/**
 * The few calls of S3 that an archive needs, signed with version 4 by aws4fetch. Each has a time limit and is tried four times
 * where the network, a busy store (429, 5xx) or a stalled download stands in the way. Keys never stand in a message.
 */
export class S3Client {
  readonly #place: S3Place;
  readonly #clock: Clock;

  constructor(place: S3Place, clock: Clock) {
    this.#place = place;
    this.#clock = clock;
  }

  /** Size and age; undefined where there is no such object. */
  async head(key: string): Promise<{ readonly sizeBytes: number; readonly modifiedMs: number } | undefined> {
    const reply = await this.#call({ method: 'HEAD', key, expected: [404] });
    if (reply.status === 404) return undefined;
    return {
      sizeBytes: Number(reply.headers.get('content-length') ?? 0),
      modifiedMs: Date.parse(reply.headers.get('last-modified') ?? '') || 0,
    };
  }

  /** A small object whole; undefined where there is none. */
  async get(key: string): Promise<Buffer | undefined> {
    const reply = await this.#call({ method: 'GET', key, expected: [404] });
    return reply.status === 404 ? undefined : reply.body;
  }

  /** False where there is an object of this name already: asked for with `If-None-Match`. */
  async putNew(key: string, body: Uint8Array): Promise<boolean> {
    // Asked first as well: a store that does not know the condition would overwrite.
    if (await this.head(key)) return false;
    const headers = { 'if-none-match': '*' };
    const reply = await this.#call({ method: 'PUT', key, headers, body, expected: [412] });
    return reply.status !== 412;
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    await this.#call({ method: 'PUT', key, body, timeoutMs: partTimeoutMs });
  }

  async delete(key: string): Promise<void> {
    await this.#call({ method: 'DELETE', key, expected: [404] });
  }

  /** Uploads in parts; what was sent is thrown away where a part fails. */
  async putParts(key: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
    const begun = await this.#call({ method: 'POST', key, query: { uploads: '' } });
    const uploadId = textOf(begun.body.toString('utf8'), 'UploadId');
    if (uploadId === undefined) throw new S3Error(begun.status, 'NoUploadId', 'the store gave no upload id');
    try {
      const tags: string[] = [];
      for await (const body of parts) {
        const query = { partNumber: String(tags.length + 1), uploadId };
        const reply = await this.#call({ method: 'PUT', key, query, body, timeoutMs: partTimeoutMs });
        tags.push(reply.headers.get('etag') ?? '');
      }
      const list = tags.map((tag, n) => `<Part><PartNumber>${n + 1}</PartNumber><ETag>${escaped(tag)}</ETag></Part>`);
      const body = Buffer.from(`<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`);
      const done = await this.#call({ method: 'POST', key, query: { uploadId }, body, timeoutMs: partTimeoutMs });
      // The store may answer 200 and then find that it cannot.
      const text = done.body.toString('utf8');
      if (text.includes('<Error>')) throw errorOf(done.status, text, 'POST', key);
    } catch (error) {
      await this.#call({ method: 'DELETE', key, query: { uploadId }, expected: [404] }).catch(() => undefined);
      throw error;
    }
  }

  /** Pieces of an object, or of a part of it. A download that breaks off goes on where it stopped. Throws where there is none. */
  async *read(key: string, range?: { readonly from: number; readonly length: number }): AsyncGenerator<Uint8Array> {
    let from = range?.from ?? 0;
    const end = range && range.from + range.length;
    if (end !== undefined && from >= end) return;
    let tag: string | undefined;
    for (let failures = 0; ;) {
      const ending = new AbortController();
      let timer = setTimeout(() => ending.abort(), stallMs);
      try {
        const headers: Record<string, string> = {};
        if (from > 0 || end !== undefined) headers['range'] = `bytes=${from}-${end === undefined ? '' : end - 1}`;
        // What is read after a break must be of the same object.
        if (tag !== undefined) headers['if-match'] = tag;
        const reply = await this.#send({ method: 'GET', key, headers }, ending.signal);
        if (!reply.ok) throw errorOf(reply.status, await limited(reply, mostErrorBytes), 'GET', key);
        tag ??= reply.headers.get('etag') ?? undefined;
        for await (const piece of reply.body ?? []) {
          from += piece.length;
          yield piece as Uint8Array;
          clearTimeout(timer);
          timer = setTimeout(() => ending.abort(), stallMs);
        }
        return;
      } catch (error) {
        if ((error instanceof S3Error && !isPassing(error.status)) || ++failures >= attempts.attempts) throw error;
        await this.#clock.sleep(attempts.firstDelayMs * 2 ** failures);
      } finally {
        clearTimeout(timer);
        ending.abort();
      }
    }
  }

  /** Objects and folders right below a prefix, or with `deep` every object below it. */
  async *list(prefix: string, deep: boolean): AsyncGenerator<S3Object | { readonly folder: string }> {
    for (let token = ''; ;) {
      const query: Record<string, string> = { 'list-type': '2', prefix, 'max-keys': String(listedAtOnce) };
      if (!deep) query['delimiter'] = '/';
      if (token !== '') query['continuation-token'] = token;
      const text = (await this.#call({ method: 'GET', key: '', query })).body.toString('utf8');
      for (const found of blocksOf(text, 'Contents'))
        yield { key: textOf(found, 'Key') ?? '', sizeBytes: Number(textOf(found, 'Size') ?? 0) };
      for (const found of blocksOf(text, 'CommonPrefixes')) yield { folder: textOf(found, 'Prefix') ?? '' };
      token = textOf(text, 'IsTruncated') === 'true' ? (textOf(text, 'NextContinuationToken') ?? '') : '';
      if (token === '') return;
    }
  }

  #call(request: Request): Promise<{ status: number; headers: Headers; body: Buffer }> {
    const { expected = [], timeoutMs = callTimeoutMs, method, key } = request;
    const once = async (): Promise<{ status: number; headers: Headers; body: Buffer } | S3Error> => {
      const reply = await this.#send(request, AbortSignal.timeout(timeoutMs));
      const body = await limited(reply, mostAnswerBytes);
      if (reply.ok || expected.includes(reply.status)) return { status: reply.status, headers: reply.headers, body };
      const error = errorOf(reply.status, body, method, key);
      // Thrown it is tried again; returned it is the end.
      if (isPassing(reply.status)) throw error;
      return error;
    };
    return retry(attempts, this.#clock, once).then((answer) => {
      if (answer instanceof S3Error) throw answer;
      return answer;
    });
  }

  async #send({ method, key, query = {}, headers = {}, body }: Request, signal: AbortSignal): Promise<Response> {
    const { bucket, endpoint, region, accessKeyId, secretAccessKey, sessionToken } = this.#place;
    const root = endpoint === '' ? `https://${bucket}.s3.${region}.amazonaws.com` : `${endpoint}/${bucket}`;
    // A call on the bucket itself has no slash behind its name.
    const url = new URL(key === '' ? root : `${root}/${key.split('/').map(encodeURIComponent).join('/')}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      // The store refuses a body that is not the one that was signed.
      headers: {
        ...headers,
        'x-amz-content-sha256': createHash('sha256')
          .update(body ?? '')
          .digest('hex'),
      },
      ...(body ? { body: body as Uint8Array<ArrayBuffer> } : {}),
      service: 's3',
      region,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === '' ? {} : { sessionToken }),
      // Range and conditions are part of what is signed.
      allHeaders: true,
    });
    const signed = await signer.sign();
    return fetch(signed.url, {
      method,
      headers: signed.headers,
      signal,
      redirect: 'error',
      ...(body ? { body: body as Uint8Array<ArrayBuffer> } : {}),
    });
  }
}

/** Whether a status is one that another try may not meet again. */
const isPassing = (status: number): boolean => status === 408 || status === 409 || status === 429 || status >= 500;

async function limited(reply: Response, limitBytes: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of reply.body ?? []) {
    length += (piece as Uint8Array).length;
    if (length > limitBytes) throw new S3Error(reply.status, 'TooLong', `an answer of more than ${limitBytes} bytes`);
    pieces.push(piece as Uint8Array);
  }
  return Buffer.concat(pieces);
}

function errorOf(status: number, body: Buffer | string, method: string, key: string): S3Error {
  const text = body.toString();
  const code = textOf(text, 'Code') ?? '';
  const says = (textOf(text, 'Message') ?? '').slice(0, 300);
  return new S3Error(status, code, `the object store answered ${method} ${key} with ${status} ${code} ${says}`.trim());
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The text of the first element of this name. Answers of S3 have neither attributes nor comments inside. */
function textOf(xml: string, element: string): string | undefined {
  const found = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return found?.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(String(hex), 16));
    return entities[String(name)] ?? whole;
  });
}

function blocksOf(xml: string, element: string): string[] {
  return [...xml.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, 'gs'))].map(([, inner]) => inner ?? '');
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** Reads one request of ClickHouse's HTTP interface. https://clickhouse.com/docs/interfaces/http */
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { StatementRefused } from './statement.ts';

export interface EngineRequest {
  readonly queryId: string;
  readonly database: string;
  readonly defaultFormat: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, Uint8Array>;
  /** `query` of the URL; '' when there was none. */
  readonly urlQuery: string;
  readonly waitForEnd: boolean;
  /** Response may be coded as `Accept-Encoding` asks. */
  readonly compress: boolean;
}

const formatName = /^[A-Z][A-Za-z0-9]*$/;
const settingName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names of the interface that change nothing here: there is one user, behind the rights of a socket file. */
const ignored = new Set([
  'user',
  'password',
  'quota_key',
  'stacktrace',
  'buffer_size',
  'decompress',
  'session_timeout',
  'session_check',
]);

function refuse(code: number, name: string, message: string): never {
  throw new StatementRefused(code, name, message);
}

/** Percent-decodes into bytes: a parameter may hold bytes that are not UTF-8. */
function decodeField(text: string): Buffer {
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return Buffer.from(spaced, 'utf8');
  const binary = Buffer.from(spaced, 'utf8')
    .toString('latin1')
    .replaceAll(/%([0-9a-fA-F]{2})/g, (_, pair: string) => String.fromCharCode(Number.parseInt(pair, 16)));
  return Buffer.from(binary, 'latin1');
}

/** Fields of a URL's query part, in order, values as bytes. */
export function urlFields(url: string): [string, Buffer][] {
  const question = url.indexOf('?');
  if (question < 0) return [];
  return url
    .slice(question + 1)
    .split('&')
    .filter((field) => field !== '')
    .map((field) => {
      const equals = field.indexOf('=');
      const name = equals < 0 ? field : field.slice(0, equals);
      return [decodeField(name).toString('utf8'), decodeField(equals < 0 ? '' : field.slice(equals + 1))];
    });
}

/** Sorts the fields into query, parameters and settings. Throws `StatementRefused` for what this engine cannot do. */
export function readFields(
  fields: readonly (readonly [string, Buffer])[],
  headers: IncomingMessage['headers'],
): EngineRequest {
  const settings = new Map<string, string>();
  const parameters = new Map<string, Uint8Array>();
  let [queryId, database, format, urlQuery, waitForEnd] = ['', '', '', '', false];
  for (const [name, value] of fields) {
    const text = value.toString('utf8');
    if (name.startsWith('param_')) parameters.set(name.slice(6), value);
    else if (name === 'query') urlQuery += text;
    else if (name === 'database') database = text;
    else if (name === 'default_format') format = text;
    else if (name === 'query_id') queryId = text;
    else if (name === 'wait_end_of_query') waitForEnd = text === '1' || text === 'true';
    else if (name === 'session_id') {
      refuse(48, 'NOT_IMPLEMENTED', 'HTTP sessions are not kept by the embedded engine: send settings with each query');
    } else if (name === 'role') refuse(48, 'NOT_IMPLEMENTED', 'the embedded engine knows no roles');
    else if (name === 'compress' && text !== '0') {
      refuse(48, 'NOT_IMPLEMENTED', 'compress=1 (the native block coding) is not spoken; use Accept-Encoding');
    } else if (!ignored.has(name) && name !== 'compress') {
      if (!settingName.test(name))
        refuse(115, 'UNKNOWN_SETTING', `"${name.slice(0, 100)}" is neither a parameter nor a setting`);
      settings.set(name, text);
    }
  }
  const header = (name: string): string => [headers[name]].flat()[0] ?? '';
  const defaultFormat = format || header('x-clickhouse-format') || 'TabSeparated';
  if (!formatName.test(defaultFormat)) refuse(73, 'UNKNOWN_FORMAT', `Unknown format ${defaultFormat.slice(0, 100)}`);
  const http = settings.get('enable_http_compression');
  settings.delete('enable_http_compression');
  return {
    queryId: queryId || randomUUID(),
    database: database || header('x-clickhouse-database') || 'default',
    defaultFormat,
    settings,
    parameters,
    urlQuery,
    waitForEnd,
    compress: http === '1' || http === 'true',
  };
}

/** Bytes of the body with the content coding undone; refuses more than `limitBytes` after unpacking. */
export function bodyStream(message: IncomingMessage, limitBytes: number): { stream: Readable; codings: Transform[] } {
  const coding = message.headers['content-encoding'] ?? 'identity';
  const codings: Transform[] = [];
  if (coding === 'gzip') codings.push(createGunzip());
  else if (coding === 'deflate') codings.push(createInflate());
  else if (coding === 'br') codings.push(createBrotliDecompress());
  else if (coding === 'zstd') codings.push(createZstdDecompress());
  else if (coding !== 'identity') refuse(48, 'NOT_IMPLEMENTED', `Content-Encoding ${coding} is not spoken`);
  let seen = 0;
  codings.push(
    new Transform({
      transform(chunk: Buffer, _, done) {
        seen += chunk.length;
        if (seen <= limitBytes) done(null, chunk);
        else done(new StatementRefused(307, 'TOO_MANY_BYTES', `the body is larger than ${limitBytes} bytes`));
      },
    }),
  );
  return { stream: message, codings };
}

/** The whole body in memory. */
export async function readBody(message: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const { stream, codings } = bodyStream(message, limitBytes);
  const parts: Buffer[] = [];
  const last = codings.at(-1);
  last?.on('data', (part: Buffer) => parts.push(part));
  await pipeline([stream, ...codings]);
  return Buffer.concat(parts);
}

/** A file in the engine's own folder that holds the data of one INSERT. */
export class SpooledBody {
  readonly path: string;
  bytes = 0;

  constructor(folder: string, queryId: string) {
    // The client chose the id: only its hash may name a file.
    this.path = join(
      folder,
      `insert-${createHash('sha256').update(`${queryId} ${randomUUID()}`).digest('hex').slice(0, 32)}`,
    );
  }

  async write(first: Uint8Array, message: IncomingMessage | undefined, limitBytes: number): Promise<void> {
    const file = createWriteStream(this.path, { mode: 0o600 });
    if (first.length > 0) file.write(first);
    if (message) {
      const { stream, codings } = bodyStream(message, limitBytes);
      await pipeline([stream, ...codings, file]);
    } else {
      await new Promise<void>((resolve, reject) => file.on('error', reject).end(resolve));
    }
    this.bytes = (await stat(this.path)).size;
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

/** Fields of a `multipart/form-data` body (RFC 7578), as the client sends parameters that are too long for a URL. */
export function multipartFields(body: Buffer, contentType: string): [string, Buffer][] {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (!boundary) refuse(62, 'SYNTAX_ERROR', 'multipart body without boundary');
  const mark = `--${boundary}`;
  const pieces = body.toString('latin1').split(mark).slice(1, -1);
  return pieces.map((piece) => {
    const gap = piece.indexOf('\r\n\r\n');
    const name = /name="([^"]*)"/i.exec(piece.slice(0, gap))?.[1];
    if (gap < 0 || name === undefined) refuse(62, 'SYNTAX_ERROR', 'multipart field without a name');
    if (/filename=/i.test(piece.slice(0, gap))) refuse(48, 'NOT_IMPLEMENTED', 'external tables are not spoken');
    return [name, Buffer.from(piece.slice(gap + 4).replace(/\r\n$/, ''), 'latin1')];
  });
}

/** How endings are told in ClickHouse's own words: status, headers, error text, the block that ends a broken stream. */
import { createBrotliCompress, createDeflate, createGzip, createZstdCompress } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { PoolBusy } from './session-pool.ts';
import { SqlLexicalError } from './sql-lexer.ts';
import { StatementRefused } from './statement.ts';

export interface EngineFailure {
  readonly code: number;
  /** `Code: N. DB::Exception: … (NAME)` */
  readonly text: string;
}

const leadingCode = /^Code: (\d+)\. DB::Exception: /;

/** Any error as code and text. What did not come from the engine gets ClickHouse's nearest code. */
export function failureOf(error: unknown): EngineFailure {
  const make = (code: number, name: string, message: string): EngineFailure => ({
    code,
    text: `Code: ${code}. DB::Exception: ${message}. (${name})`,
  });
  if (error instanceof StatementRefused) return make(error.code, error.codeName, error.message);
  if (error instanceof SqlLexicalError) return make(62, 'SYNTAX_ERROR', `Syntax error: ${error.message}`);
  if (error instanceof PoolBusy) return make(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', error.message);
  const message = error instanceof Error ? error.message : String(error);
  const code = leadingCode.exec(message)?.[1];
  if (code !== undefined) return { code: Number(code), text: message };
  const reason = (error as { code?: unknown } | null)?.code;
  if (typeof reason === 'string' && /^(?:Z_|ERR_BROTLI|ZSTD_|ERR__ERROR)/.test(reason)) {
    return make(354, 'ZLIB_INFLATE_FAILED', `the body cannot be unpacked: ${message}`);
  }
  return make(1001, 'STD_EXCEPTION', message);
}

const badRequest = new Set([6, 26, 27, 36, 38, 41, 43, 47, 53, 62, 63, 72, 73, 110, 115, 117, 119, 120, 386, 456, 457]);
const notFound = new Set([16, 46, 60, 81]);

/** HTTP status for an error code, as the server chooses it. */
export function statusFor(code: number): number {
  if (badRequest.has(code)) return 400;
  if (notFound.has(code)) return 404;
  if (code === 48) return 501;
  if (code === 159) return 408;
  if (code === 202) return 503;
  if (code === 307) return 413;
  return 500;
}

export interface Counted {
  readonly resultRows: number;
  readonly writtenRows: number;
  readonly writtenBytes: number;
  readonly elapsedS: number;
}

/** The value of `X-ClickHouse-Summary`. Numbers are texts there. */
export function summary(counted: Counted): string {
  const n = (value: number): string => String(Math.max(0, Math.round(value)));
  return JSON.stringify({
    read_rows: '0',
    read_bytes: '0',
    written_rows: n(counted.writtenRows),
    written_bytes: n(counted.writtenBytes),
    total_rows_to_read: '0',
    result_rows: n(counted.resultRows),
    result_bytes: '0',
    elapsed_ns: n(counted.elapsedS * 1e9),
  });
}

export const nothingCounted: Counted = { resultRows: 0, writtenRows: 0, writtenBytes: 0, elapsedS: 0 };

const contentTypes: Readonly<Record<string, string>> = {
  JSON: 'application/json; charset=UTF-8',
  JSONEachRow: 'application/x-ndjson; charset=UTF-8',
  JSONCompactEachRow: 'application/x-ndjson; charset=UTF-8',
  CSV: 'text/csv; charset=UTF-8; header=absent',
  CSVWithNames: 'text/csv; charset=UTF-8; header=present',
  TabSeparated: 'text/tab-separated-values; charset=UTF-8',
  TSV: 'text/tab-separated-values; charset=UTF-8',
};

const textLike =
  /^(?:JSON|CSV|TSV|TabSep|Pretty|Vertical|XML|Values|Markdown|SQLInsert|LineAsString|CustomSeparated|Template)/;

/** Media type of a format. */
export function contentType(format: string): string {
  if (contentTypes[format]) return contentTypes[format];
  if (format.startsWith('JSON') && !format.includes('EachRow')) return 'application/json; charset=UTF-8';
  return textLike.test(format) ? 'text/plain; charset=UTF-8' : 'application/octet-stream';
}

/** One response: headers once, then bytes with back-pressure, then a good or a bad end. */
export class Reply {
  readonly #response: ServerResponse;
  readonly #tag = randomBytes(8).toString('hex');
  #out: Writable;

  constructor(message: IncomingMessage, response: ServerResponse, mayCompress: boolean, queryId: string) {
    this.#response = response;
    this.#out = response;
    response.setHeader('X-ClickHouse-Query-Id', queryId.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 500));
    response.setHeader('X-ClickHouse-Server-Display-Name', 'sightline-engine');
    response.setHeader('X-ClickHouse-Timezone', 'UTC');
    if (mayCompress) this.#code(message.headers['accept-encoding'] ?? '');
  }

  #coding:
    | { name: string; make: () => ReturnType<typeof createGzip> | ReturnType<typeof createZstdCompress> }
    | undefined;

  #code(accepted: string): void {
    const makers = { zstd: createZstdCompress, br: createBrotliCompress, gzip: createGzip, deflate: createDeflate };
    for (const [name, make] of Object.entries(makers)) {
      if (new RegExp(`\\b${name}\\b`).test(accepted)) this.#coding = { name, make };
    }
    if (/\bgzip\b/.test(accepted)) this.#coding = { name: 'gzip', make: createGzip };
  }

  get started(): boolean {
    return this.#response.headersSent;
  }

  start(format: string, counted: Counted): void {
    const r = this.#response;
    r.statusCode = 200;
    r.setHeader('Content-Type', contentType(format));
    r.setHeader('X-ClickHouse-Format', format);
    r.setHeader('X-ClickHouse-Summary', summary(counted));
    r.setHeader('X-ClickHouse-Exception-Tag', this.#tag);
    if (this.#coding) {
      r.setHeader('Content-Encoding', this.#coding.name);
      const packer = this.#coding.make();
      packer.pipe(r);
      this.#out = packer;
    }
    r.flushHeaders();
  }

  /** Resolves when the client took enough; rejects when it took nothing for `stallMs` or went away. */
  async write(bytes: Uint8Array, stallMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new Error('the client went away');
    if (this.#out.write(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const end = (error?: Error) => (): void => {
        clearTimeout(timer);
        this.#out.off('drain', good);
        signal.removeEventListener('abort', gone);
        if (error) reject(error);
        else resolve();
      };
      const good = end();
      const gone = end(new Error('the client went away'));
      const timer = setTimeout(end(new Error(`the client took nothing for ${stallMs} ms`)), stallMs);
      this.#out.once('drain', good);
      signal.addEventListener('abort', gone, { once: true });
    });
  }

  end(): void {
    this.#out.end();
  }

  /** Error before the first byte: status and text. After it: the block with which ClickHouse ends a broken stream. */
  fail(failure: EngineFailure): void {
    if (this.started) {
      const message = `${failure.text}\n`;
      this.#out.end(
        `\r\n__exception__\r\n${this.#tag}\r\n${message}${Buffer.byteLength(message)} ${this.#tag}\r\n__exception__\r\n`,
      );
      return;
    }
    const r = this.#response;
    r.statusCode = statusFor(failure.code);
    r.setHeader('Content-Type', 'text/plain; charset=UTF-8');
    r.setHeader('X-ClickHouse-Exception-Code', String(failure.code));
    r.end(`${failure.text}\n`);
  }
}

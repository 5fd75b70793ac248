/** The port `TelemetryStore` over ClickHouse's HTTP interface: the embedded engine's socket or a server's address. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { randomUUID } from 'node:crypto';
import { type Clock, readJson } from '@sightline/base';
import {
  StoreError,
  type ParameterValue,
  type QueryLimits,
  type TelemetryExports,
  type TelemetryStore,
} from '../port/index.ts';
import { formatParameter } from './parameters.ts';
import { errorFromText, isUnreachable, neverSent } from './store-errors.ts';
import { readLines } from './row-lines.ts';

export interface HttpStoreOptions {
  /** `http://host:8123`; for a socket any `http://` address. */
  readonly url: string;
  readonly socketPath?: string;
  readonly user?: string;
  readonly password?: string;
  readonly database: string;
  readonly clock: Clock;
  /** Connections at a time. Default 32. */
  readonly connections?: number;
  /** How long a request waits for a store that cannot be reached, milliseconds. Default 5,000. */
  readonly patienceMs?: number;
  /** Resolves true as soon as the store is known to be up, false after `waitMs`. */
  readonly ready?: (waitMs: number, signal?: AbortSignal) => Promise<boolean>;
}

/** Defaults of `QueryLimits`. A statement that changes something may take longer than a read. */
const defaults = { readMs: 15_000, writeMs: 120_000, memoryBytes: 1_500_000_000, threads: 2, resultRows: 100_000 };
/** How much longer than the engine's own limit we wait for its answer, milliseconds. */
const slackMs = 10_000;
/** Longest address; longer parameters travel in a multipart body. */
const urlBytes = 32 * 1024;

type Mode = 'query' | 'stream' | 'execute';
type Parameters = Readonly<Record<string, ParameterValue>>;

export class HttpStore implements TelemetryStore, TelemetryExports {
  readonly #options: HttpStoreOptions;
  readonly #agent: HttpAgent;
  readonly #url: URL;

  constructor(options: HttpStoreOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    const agentOptions = {
      keepAlive: true,
      maxSockets: options.connections ?? 32,
      keepAliveMsecs: 10_000,
      timeout: 20_000,
    };
    this.#agent = this.#url.protocol === 'https:' ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  }

  async query<Row>(sql: string, parameters: Parameters = {}, limits: QueryLimits = {}): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const row of this.#rows<Row>('query', sql, parameters, limits)) rows.push(row);
    return rows;
  }

  stream<Row>(sql: string, parameters: Parameters = {}, limits: QueryLimits = {}): AsyncIterable<Row> {
    return this.#rows<Row>('stream', sql, parameters, limits);
  }

  async *bytes(sql: string, parameters: Parameters = {}, limits: QueryLimits = {}): AsyncGenerator<Uint8Array> {
    const response = await this.#send('stream', sql, parameters, limits);
    try {
      for await (const piece of response) yield piece as Buffer;
    } catch (error) {
      throw this.#endingOf(error, limits.signal);
    } finally {
      // As in `#rows`.
      if (!response.readableEnded) response.destroy();
    }
  }

  async execute(sql: string, parameters: Parameters = {}, limits: QueryLimits = {}): Promise<void> {
    const response = await this.#send('execute', sql, parameters, limits);
    for await (const _ of readLines(response)) {
      // Statements such as BACKUP and KILL answer with rows of their own.
    }
  }

  async healthy(): Promise<boolean> {
    try {
      const rows = await this.query<{ one: number }>(
        'SELECT 1 AS one',
        {},
        { timeoutMs: 1000, signal: AbortSignal.timeout(1000) },
      );
      return rows[0]?.one === 1;
    } catch {
      // Any ending but an answer is the answer "no".
      return false;
    }
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  async *#rows<Row>(
    mode: Mode,
    sql: string,
    parameters: Parameters,
    limits: QueryLimits,
  ): AsyncGenerator<Row, void, undefined> {
    const response = await this.#send(mode, sql, parameters, limits);
    try {
      for await (const line of readLines(response)) yield readJson(line) as Row;
    } catch (error) {
      throw this.#endingOf(error, limits.signal);
    } finally {
      // A caller that stops half-way cancels the query by closing the connection.
      if (!response.readableEnded) response.destroy();
    }
  }

  /** Sends until the store can be reached or patience ends; resolves with an answer of status 2xx. */
  async #send(mode: Mode, sql: string, parameters: Parameters, limits: QueryLimits): Promise<IncomingMessage> {
    const { clock } = this.#options;
    const until = clock.now() + (this.#options.patienceMs ?? 5000);
    for (;;) {
      if (limits.signal?.aborted) throw new StoreError('cancelled', 'The query was cancelled before it was sent');
      try {
        return await this.#sendOnce(mode, sql, parameters, limits);
      } catch (error) {
        const again = mode === 'execute' ? neverSent(error) : isUnreachable(error);
        const leftMs = until - clock.now();
        if (!again || leftMs <= 0) throw this.#endingOf(error, limits.signal);
        await clock.sleep(50, limits.signal);
        await this.#options.ready?.(leftMs, limits.signal);
      }
    }
  }

  #sendOnce(mode: Mode, sql: string, parameters: Parameters, limits: QueryLimits): Promise<IncomingMessage> {
    const timeoutMs = limits.timeoutMs ?? (mode === 'execute' ? defaults.writeMs : defaults.readMs);
    const { path, body, type } = this.#form(mode, sql, parameters, limits, timeoutMs);
    const url = this.#url;
    const options: RequestOptions = {
      agent: this.#agent,
      method: 'POST',
      path,
      headers: { 'Content-Type': type, 'Content-Length': body.length, ...this.#auth() },
      ...(this.#options.socketPath === undefined
        ? { host: url.hostname, port: url.port || (url.protocol === 'https:' ? 443 : 80) }
        : { socketPath: this.#options.socketPath }),
    };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const call = (url.protocol === 'https:' ? httpsRequest : httpRequest)(options);
    const cancel = (): void => void call.destroy(new StoreError('cancelled', 'The query was cancelled'));
    const timer = setTimeout(() => {
      call.destroy(new StoreError('timeout', `The store did not answer within ${timeoutMs + slackMs} ms`));
    }, timeoutMs + slackMs);
    limits.signal?.addEventListener('abort', cancel, { once: true });
    call.on('close', () => {
      clearTimeout(timer);
      limits.signal?.removeEventListener('abort', cancel);
    });
    call.on('error', reject);
    call.on('response', (response) => {
      // A stream may flow for as long as its reader likes: only the first answer has a limit here.
      if (mode === 'stream') clearTimeout(timer);
      if (response.statusCode === 200) resolve(response);
      else readText(response).then((text) => reject(this.#refusal(response, text)), reject);
    });
    call.end(body);
    return promise;
  }

  #refusal(response: IncomingMessage, text: string): StoreError {
    const code = Number(response.headers['x-clickhouse-exception-code'] ?? Number.NaN);
    return Number.isNaN(code) ? errorFromText(text) : errorFromText(text, code);
  }

  #auth(): Record<string, string> {
    const { user, password } = this.#options;
    if (user === undefined) return {};
    return { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password ?? '' };
  }

  #form(mode: Mode, sql: string, parameters: Parameters, limits: QueryLimits, timeoutMs: number) {
    const fields = new URLSearchParams({
      ...(this.#options.database === '' ? {} : { database: this.#options.database }),
      default_format: 'JSONEachRow',
      query_id: randomUUID(),
      max_execution_time: String(timeoutMs / 1000),
      max_memory_usage: String(limits.memoryBytes ?? defaults.memoryBytes),
      max_threads: String(limits.threads ?? defaults.threads),
      output_format_json_quote_64bit_integers: '1',
    });
    const resultRows = limits.resultRows ?? (mode === 'query' ? defaults.resultRows : undefined);
    if (mode !== 'execute' && resultRows !== undefined) {
      fields.set('max_result_rows', String(resultRows));
      fields.set('result_overflow_mode', 'throw');
    }
    for (const [name, value] of Object.entries(limits.settings ?? {})) fields.set(name, String(value));
    const bound = Object.entries(parameters).map(([name, value]) => [`param_${name}`, formatParameter(value)] as const);
    const boundText = new URLSearchParams(Object.fromEntries(bound));
    const base = this.#url.pathname === '' ? '/' : this.#url.pathname;
    if (boundText.toString().length <= urlBytes) {
      const tail = bound.length > 0 ? `&${boundText.toString()}` : '';
      return {
        path: `${base}?${fields.toString()}${tail}`,
        body: Buffer.from(sql, 'utf8'),
        type: 'text/plain; charset=UTF-8',
      };
    }
    const boundary = `----sightline-${randomUUID()}`;
    const pieces = [['query', sql] as const, ...bound].map(
      ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    return {
      path: `${base}?${fields.toString()}`,
      body: Buffer.from(`${pieces.join('')}--${boundary}--\r\n`, 'utf8'),
      type: `multipart/form-data; boundary=${boundary}`,
    };
  }

  #endingOf(error: unknown, signal: AbortSignal | undefined): unknown {
    if (error instanceof StoreError) return error;
    if (signal?.aborted) return new StoreError('cancelled', 'The query was cancelled');
    if (isUnreachable(error)) {
      return new StoreError('unavailable', `The telemetry store cannot be reached: ${(error as Error).message}`);
    }
    return error;
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const part of response) if (text.length < 64 * 1024) text += String(part);
  return text;
}

import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { QueryFailure, type QueryFault } from '@sightline/query/promql';
import type { EngineAddress } from './engine-address.ts';
import { NativeRows, type RowTaker } from './native-rows.ts';

export interface ChunkQuery {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** What one query may take in the engine, bytes: chunks are streamed, in the order in which they lie. */
const memoryBytes = 600_000_000;

/** Connections to the engine that are kept open; a query that finds one of them closed is sent again as often at most. */
const keptConnections = 8;

/** Streams chunks out of the engine over ClickHouse's HTTP interface. */
export class EngineReader {
  readonly #address: EngineAddress;
  readonly #agent: HttpAgent;
  readonly #url: URL;

  constructor(address: EngineAddress) {
    this.#address = address;
    this.#url = new URL(address.url);
    const options = { keepAlive: true, maxSockets: keptConnections, timeout: 30_000 };
    this.#agent = this.#url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * Runs a query for (fp, t, chunk) and hands each row to `take`. `stopped` is asked between pieces; the query is cancelled when it
   * throws. Throws `QueryFailure`, and whatever `take` throws.
   */
  async rows(query: ChunkQuery, take: RowTaker, stopped: () => void): Promise<void> {
    const response = await this.#send(query);
    let own: { readonly error: unknown } | undefined;
    const rows = new NativeRows((low, high, t, bytes) => {
      try {
        take(low, high, t, bytes);
      } catch (error) {
        own = { error };
        throw error;
      }
    });
    try {
      for await (const piece of response) {
        stopped();
        try {
          rows.push(piece as Uint8Array);
        } catch (error) {
          if (own || error instanceof QueryFailure) throw error;
          throw new QueryFailure(faultOf(rows.rest, String(error)));
        }
      }
      if (!rows.complete) throw new QueryFailure(faultOf(rows.rest, 'the answer ended too early'));
    } catch (error) {
      if (own) throw own.error;
      throw error instanceof QueryFailure ? error : unreachable(error);
    } finally {
      // Who stops half-way cancels the query by closing the connection.
      if (!response.readableEnded) response.destroy();
    }
  }

  #send(query: ChunkQuery, more = keptConnections): Promise<IncomingMessage> {
    const { sql, parameters, timeoutMs } = query;
    const address = this.#address;
    const fields = new URLSearchParams({
      database: address.database,
      default_format: 'Native',
      max_execution_time: String(Math.max(1, timeoutMs / 1000)),
      max_memory_usage: String(memoryBytes),
      max_threads: '1',
      max_block_size: '8192',
    });
    for (const [name, value] of Object.entries(parameters)) fields.set(`param_${name}`, value);
    const body = Buffer.from(sql);
    const call = (this.#url.protocol === 'https:' ? httpsRequest : httpRequest)({
      agent: this.#agent,
      method: 'POST',
      path: `${this.#url.pathname === '' ? '/' : this.#url.pathname}?${fields.toString()}`,
      timeout: timeoutMs + 10_000,
      headers: {
        'Content-Length': body.length,
        ...(address.user === undefined
          ? {}
          : { 'X-ClickHouse-User': address.user, 'X-ClickHouse-Key': address.password ?? '' }),
      },
      ...(address.socketPath === undefined
        ? { host: this.#url.hostname, port: this.#url.port || (this.#url.protocol === 'https:' ? 443 : 80) }
        : { socketPath: address.socketPath }),
    });
    return new Promise((resolve, reject) => {
      let answered = false;
      call.on('error', (error) => {
        // The engine closed a connection that was kept, just as it was used again (https://nodejs.org/api/http.html#requestreusedsocket).
        if (!answered && more > 0 && call.reusedSocket && isGone(error)) resolve(this.#send(query, more - 1));
        else reject(unreachable(error));
      });
      call.on('timeout', () => call.destroy(new Error('no answer in time')));
      call.on('response', (response) => {
        answered = true;
        if (response.statusCode === 200) resolve(response);
        else {
          textOf(response).then(
            (text) => reject(new QueryFailure(faultOf(text, `status ${String(response.statusCode)}`))),
            (error: unknown) => reject(unreachable(error)),
          );
        }
      });
      call.end(body);
    });
  }
}

const isGone = (error: NodeJS.ErrnoException): boolean => error.code === 'EPIPE' || error.code === 'ECONNRESET';

function unreachable(error: unknown): QueryFailure {
  const message = error instanceof Error ? error.message : String(error);
  return new QueryFailure({ kind: 'unavailable', message: `the telemetry store cannot be reached: ${message}` });
}

/** ClickHouse's error text as a fault of the query. */
function faultOf(text: string, otherwise: string): QueryFault {
  const code = Number(/Code: (\d+)/.exec(text)?.[1] ?? 0);
  if (code === 159) return { kind: 'timeout', message: 'query timed out in the telemetry store' };
  if (code === 241)
    return { kind: 'execution', message: 'the query needs more memory than the telemetry store gives it' };
  if (code === 202) return { kind: 'unavailable', message: 'the telemetry store is busy' };
  const said = /Code: \d+[\s\S]{0,500}/.exec(text)?.[0] ?? otherwise;
  return { kind: 'internal', message: `the telemetry store did not answer: ${said.trim()}` };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const part of response) if (text.length < 8192) text += String(part);
  return text;
}

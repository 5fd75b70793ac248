/** Serves ClickHouse's HTTP interface from a pool of embedded sessions. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { multipartFields, readBody, readFields, SpooledBody, urlFields, type EngineRequest } from './http-request.ts';
import { failureOf, nothingCounted, Reply, type Counted } from './reply.ts';
import { openReader, type PipeFolder } from './result-pipe.ts';
import type { PooledSession, SessionPool } from './session-pool.ts';
import { fromBinary, toBinary } from './sql-lexer.ts';
import { stringLiteral } from './sql-literal.ts';
import { insertFromFile, readStatement, rowsIntoFile, StatementRefused, type Statement } from './statement.ts';

export interface HandlerLimits {
  /** SQL text, and INSERT data inside it, bytes. */
  readonly queryBytes: number;
  /** Data of one INSERT after unpacking, bytes. */
  readonly insertBytes: number;
  /** Result held back so that errors still get a status and small results a summary, bytes. */
  readonly headBytes: number;
  /** As `headBytes` when the client asks to wait for the end. */
  readonly waitBytes: number;
  /** Longest time a client may leave a result untouched, milliseconds. */
  readonly stallMs: number;
}

export const handlerLimits: HandlerLimits = {
  queryBytes: 64 * 1024 * 1024,
  insertBytes: 2 * 1024 * 1024 * 1024,
  headBytes: 64 * 1024,
  waitBytes: 64 * 1024 * 1024,
  stallMs: 60_000,
};

interface Work {
  readonly request: EngineRequest;
  readonly statement: Statement;
  readonly spooled: SpooledBody | undefined;
  readonly signal: AbortSignal;
}

/** Answers requests; one instance per engine process. */
export class QueryHandler {
  readonly #pool: SessionPool;
  readonly #pipes: PipeFolder;
  readonly #folder: string;
  readonly #limits: HandlerLimits;
  #control: Promise<unknown> = Promise.resolve();

  constructor(pool: SessionPool, pipes: PipeFolder, folder: string, limits: HandlerLimits = handlerLimits) {
    this.#pool = pool;
    this.#pipes = pipes;
    this.#folder = folder;
    this.#limits = limits;
  }

  /** Answers one request to `/`. Never rejects: every ending is told to the client. */
  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    let reply = new Reply(message, response, false, randomUUID());
    let spooled: SpooledBody | undefined;
    try {
      const read = await this.#read(message);
      reply = new Reply(message, response, read.request.compress, read.request.queryId);
      spooled = read.spooled;
      await this.#run({ ...read, signal: gone.signal }, reply);
    } catch (error) {
      message.resume();
      reply.fail(failureOf(error));
    } finally {
      await spooled?.remove();
    }
  }

  /** Runs `sql` on the session that is kept free for such things, after what already waits there. */
  control(sql: string): Promise<unknown> {
    const run = this.#control.then(() => this.#pool.control.run(sql));
    this.#control = run.catch(() => undefined);
    return run;
  }

  async #read(message: IncomingMessage): Promise<Omit<Work, 'signal'>> {
    const fields = urlFields(message.url ?? '');
    const type = message.headers['content-type'] ?? '';
    if (/^multipart\/form-data/i.test(type)) {
      fields.push(...multipartFields(await readBody(message, this.#limits.queryBytes), type));
      const request = readFields(fields, message.headers);
      return this.#withInlineData(request, toBinary(request.urlQuery));
    }
    const request = readFields(fields, message.headers);
    const head = toBinary(request.urlQuery);
    if (/^\s*insert\b/i.test(head)) {
      const statement = readStatement(head, request.parameters);
      if (statement.kind === 'insert-data') return this.#spool(request, statement, head, message);
    }
    const body = await readBody(message, this.#limits.queryBytes);
    const text = body.toString('latin1');
    const full = head === '' ? text : text === '' ? head : `${head}\n${text}`;
    if (message.method === 'GET' || message.method === 'HEAD') refuseWrites(full, request);
    return this.#withInlineData(request, full);
  }

  async #withInlineData(request: EngineRequest, text: string): Promise<Omit<Work, 'signal'>> {
    const statement = readStatement(text, request.parameters);
    if (statement.kind !== 'insert-data') return { request, statement, spooled: undefined };
    return this.#spool(request, statement, text, undefined);
  }

  async #spool(
    request: EngineRequest,
    statement: Extract<Statement, { kind: 'insert-data' }>,
    text: string,
    message: IncomingMessage | undefined,
  ): Promise<Omit<Work, 'signal'>> {
    const spooled = new SpooledBody(this.#folder, request.queryId);
    try {
      await spooled.write(Buffer.from(text.slice(statement.dataAt), 'latin1'), message, this.#limits.insertBytes);
    } catch (error) {
      await spooled.remove();
      throw error;
    }
    return { request, statement, spooled };
  }

  #run(work: Work, reply: Reply): Promise<void> {
    return this.#pool.use(work.signal, work.statement.kind === 'rows' ? 'read' : 'write', async (session) => {
      const mark = `sl-${randomUUID()}`;
      const settings = new Map(work.request.settings);
      const comment = settings.get('log_comment');
      settings.set('log_comment', comment === undefined ? mark : `${mark} ${comment}`);
      try {
        await session.prepare(work.request.database, settings);
      } catch (error) {
        session.spoil();
        throw error;
      }
      const killer = this.#killOn(work.signal, mark);
      try {
        await this.#execute(session, work, reply, killer.stall);
      } finally {
        killer.done();
      }
    });
  }

  /** Kills the query that carries `mark` when the client goes away, again and again until it has ended. */
  #killOn(signal: AbortSignal, mark: string): { done: () => void; stall: () => void } {
    let timer: NodeJS.Timeout | undefined;
    const kill = (): void => {
      const sql = `KILL QUERY WHERE startsWith(Settings['log_comment'], ${stringLiteral(mark)}) ASYNC`;
      // A KILL that finds nothing left is no error; the next round tries again.
      this.control(sql).catch(() => undefined);
      timer ??= setInterval(kill, 500);
    };
    if (signal.aborted) kill();
    signal.addEventListener('abort', kill, { once: true });
    return {
      done: () => {
        clearInterval(timer);
        signal.removeEventListener('abort', kill);
      },
      stall: kill,
    };
  }

  async #execute(session: PooledSession, work: Work, reply: Reply, stall: () => void): Promise<void> {
    const { statement, request, spooled } = work;
    if (statement.kind === 'rows') return this.#stream(session, { ...work, statement }, reply, stall);
    if (statement.kind === 'session') session.spoil();
    if (statement.kind === 'insert-data') {
      if (!spooled) throw new Error('an INSERT without its data');
      const result = await session.run(fromBinary(insertFromFile(statement, spooled.path)));
      const counted = {
        ...nothingCounted,
        writtenRows: result.rows,
        writtenBytes: spooled.bytes,
        elapsedS: result.elapsedS,
      };
      reply.start(request.defaultFormat, counted);
    } else {
      const result = await session.run(fromBinary(statement.sql), request.defaultFormat);
      reply.start(request.defaultFormat, { ...nothingCounted, resultRows: result.rows, elapsedS: result.elapsedS });
      if (result.bytes.length > 0) await reply.write(result.bytes, this.#limits.stallMs, work.signal);
    }
    reply.end();
  }

  async #stream(
    session: PooledSession,
    work: Work & { readonly statement: Extract<Statement, { kind: 'rows' }> },
    reply: Reply,
    stall: () => void,
  ): Promise<void> {
    const { statement, request, signal } = work;
    const format = statement.format ?? request.defaultFormat;
    const path = this.#pipes.take();
    const reader = openReader(path);
    const chunks = reader[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    let counted: Counted = nothingCounted;
    const run = session.run(fromBinary(rowsIntoFile(statement, path, request.defaultFormat))).then(
      (result) => {
        counted = { ...nothingCounted, resultRows: result.rows, elapsedS: result.elapsedS };
      },
      (error: unknown) => {
        // Without a writer the pipe would never end by itself.
        reader.destroy();
        throw error;
      },
    );
    run.catch(() => undefined);
    try {
      const head = await readHead(chunks, request.waitForEnd ? this.#limits.waitBytes : this.#limits.headBytes);
      if (head.ended) await run;
      reply.start(format, counted);
      for (const chunk of head.chunks) await reply.write(chunk, this.#limits.stallMs, signal);
      if (!head.ended) await this.#copy(chunks, reply, signal);
      await run;
      reply.end();
    } catch (error) {
      if (reply.started) stall();
      reader.destroy();
      // The engine's own words say more than a broken pipe's.
      await run;
      throw error;
    } finally {
      reader.destroy();
      await run.catch(() => undefined);
      this.#pipes.give(path);
    }
  }

  async #copy(chunks: AsyncIterator<Buffer>, reply: Reply, signal: AbortSignal): Promise<void> {
    for (;;) {
      const step = await nextChunk(chunks);
      if (step === undefined) return;
      await reply.write(step, this.#limits.stallMs, signal);
    }
  }
}

/** The next piece; undefined at the end, also when the reader was destroyed because the query failed. */
async function nextChunk(chunks: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
  try {
    const step = await chunks.next();
    return step.done ? undefined : step.value;
  } catch {
    // ERR_STREAM_PREMATURE_CLOSE: the query failed, and its own promise tells why.
    return undefined;
  }
}

async function readHead(chunks: AsyncIterator<Buffer>, limit: number): Promise<{ chunks: Buffer[]; ended: boolean }> {
  const head: Buffer[] = [];
  let bytes = 0;
  while (bytes < limit) {
    const chunk = await nextChunk(chunks);
    if (chunk === undefined) return { chunks: head, ended: true };
    head.push(chunk);
    bytes += chunk.length;
  }
  return { chunks: head, ended: false };
}

function refuseWrites(text: string, request: EngineRequest): void {
  const statement = readStatement(text, request.parameters);
  if (statement.kind === 'rows' || (statement.kind === 'other' && statement.reads)) return;
  throw new StatementRefused(
    164,
    'READONLY',
    'Cannot execute query in readonly mode. Use method POST for queries that change data',
  );
}

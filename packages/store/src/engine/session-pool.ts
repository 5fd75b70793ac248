/** N sessions of the engine, each of which runs one statement at a time, and the bounded queue before them. */
import { Session } from 'chdb';
import { BoundedQueue } from '@sightline/base';
import { stringLiteral } from './sql-literal.ts';

/** The queue is full, or no session became free in time. Told to clients as ClickHouse's code 202. */
export class PoolBusy extends Error {}

export interface PoolOptions {
  readonly dataFolder: string;
  readonly configFile: string;
  readonly sessions: number;
  /** Statements that may wait; more are refused with `PoolBusy`. */
  readonly waiting: number;
  /** Longest wait for a session, milliseconds. */
  readonly waitMs: number;
}

/** What each session is set to when no query says otherwise; the engine's own default else. */
const sessionDefaults: Readonly<Record<string, string>> = {
  // An acknowledged insert is in a part, not in a buffer of the engine.
  async_insert: '0',
  // Parameters stand in the text as literals: the bound on what a client sends is the handler's.
  max_query_size: String(512 * 1024 * 1024),
};

/** One session, lent to one statement. */
export class PooledSession {
  readonly #open: () => Session;
  #session: Session;
  #database = 'default';
  #changed: readonly string[] = [];
  #spoiled = false;

  constructor(open: () => Session) {
    this.#open = open;
    this.#session = open();
  }

  /** True once a statement left something behind that cannot be undone by `SET`. */
  spoil(): void {
    this.#spoiled = true;
  }

  /** Runs one statement; resolves with what the engine counted and wrote. */
  run(sql: string, format = 'TSV'): Promise<{ bytes: Uint8Array; rows: number; bytesRead: number; elapsedS: number }> {
    return this.#session
      .queryAsync(sql, { format })
      .then((r) => ({ bytes: r.bytes(), rows: r.rowsRead, bytesRead: r.bytesRead, elapsedS: r.elapsed }));
  }

  /** Brings the session into the state that the next statement asks for. Undone by `restore`. */
  async prepare(database: string, settings: ReadonlyMap<string, string>): Promise<void> {
    if (database !== this.#database) {
      await this.run(`USE ${quoteName(database)}`);
      this.#database = database;
    }
    if (settings.size === 0) return;
    this.#changed = [...settings.keys()];
    if (settings.has('readonly') || settings.has('allow_ddl')) this.#spoiled = true;
    await this.run(`SET ${[...settings].map(([name, value]) => `${name} = ${stringLiteral(value)}`).join(', ')}`);
  }

  /** Takes back what `prepare` set. A session that cannot be brought back is replaced by a fresh one. */
  async restore(): Promise<void> {
    const changed = this.#changed;
    this.#changed = [];
    if (!this.#spoiled && changed.length > 0) {
      const back = changed.map((name) => `${name} = ${restored(name)}`).join(', ');
      await this.run(`SET ${back}`).catch(() => this.spoil());
    }
    if (this.#spoiled) await this.renew();
  }

  /** Throws the session away and opens another one on the same folder. */
  async renew(): Promise<void> {
    const old = this.#session;
    this.#session = this.#open();
    this.#database = 'default';
    this.#changed = [];
    this.#spoiled = false;
    old.close();
    await this.applyDefaults();
  }

  async applyDefaults(): Promise<void> {
    await this.run(
      `SET ${Object.entries(sessionDefaults)
        .map(([name, value]) => `${name} = ${stringLiteral(value)}`)
        .join(', ')}`,
    );
  }
}

function quoteName(name: string): string {
  return `\`${name.replaceAll(/[\\`]/g, (c) => `\\${c}`)}\``;
}

function restored(name: string): string {
  const value = sessionDefaults[name];
  return value === undefined ? 'DEFAULT' : stringLiteral(value);
}

/** The sessions for statements, and one more kept free for KILL and the heartbeat. */
export class SessionPool {
  readonly control: PooledSession;
  readonly #free: BoundedQueue<PooledSession>;
  /** One permit fewer than sessions: reads, however many and slow, leave one session to inserts. */
  readonly #permits: BoundedQueue<true>;
  readonly #options: PoolOptions;
  #waiting = 0;
  #busy = 0;

  private constructor(options: PoolOptions, control: PooledSession, sessions: readonly PooledSession[]) {
    this.#options = options;
    this.control = control;
    this.#free = new BoundedQueue(sessions.length);
    for (const session of sessions) this.#free.offer(session);
    const permits = Math.max(1, sessions.length - 1);
    this.#permits = new BoundedQueue(permits);
    for (let i = 0; i < permits; i++) this.#permits.offer(true);
  }

  /** Opens the folder. Throws when another process holds it (ClickHouse's code 76). */
  static async open(options: PoolOptions): Promise<SessionPool> {
    const open = (): Session =>
      new Session(options.dataFolder, { connectionArgs: [`--config-file=${options.configFile}`] });
    const all = Array.from({ length: options.sessions + 1 }, () => new PooledSession(open));
    for (const session of all) await session.applyDefaults();
    const [control, ...sessions] = all;
    if (!control) throw new Error('a pool needs a session');
    return new SessionPool(options, control, sessions);
  }

  get busy(): number {
    return this.#busy;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Lends a session to `work`; the session comes back clean whatever the ending. Throws `PoolBusy` when too many wait
   * or the wait is over; a wait that `signal` ends throws `PoolBusy` as well.
   */
  async use<T>(signal: AbortSignal, lane: 'read' | 'write', work: (session: PooledSession) => Promise<T>): Promise<T> {
    if (lane === 'write') return this.#lend(signal, work);
    await this.#take(this.#permits, signal);
    try {
      return await this.#lend(signal, work);
    } finally {
      this.#permits.offer(true);
    }
  }

  async #lend<T>(signal: AbortSignal, work: (session: PooledSession) => Promise<T>): Promise<T> {
    const session = await this.#take(this.#free, signal);
    this.#busy++;
    try {
      return await work(session);
    } finally {
      await session.restore();
      this.#busy--;
      this.#free.offer(session);
    }
  }

  async #take<T>(queue: BoundedQueue<T>, signal: AbortSignal): Promise<T> {
    if (queue.size === 0 && this.#waiting >= this.#options.waiting) {
      throw new PoolBusy(`Too many simultaneous queries: ${this.#waiting} already wait`);
    }
    this.#waiting++;
    try {
      return await this.#takeInTime(queue, signal);
    } finally {
      this.#waiting--;
    }
  }

  #takeInTime<T>(queue: BoundedQueue<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      let over = false;
      const giveUp = (): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        reject(new PoolBusy(`Too many simultaneous queries: no session became free within ${this.#options.waitMs} ms`));
      };
      const timer = setTimeout(giveUp, this.#options.waitMs);
      signal.addEventListener('abort', giveUp, { once: true });
      void queue.take().then((taken) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        if (taken === undefined) return;
        if (over) queue.offer(taken);
        else resolve(taken);
      });
    });
  }
}

/** Keeps one engine process alive: starts it, listens to its heart, ends and replaces it when it is silent or gone. */
import { fork, type ChildProcess } from 'node:child_process';
import { request } from 'node:http';
import { getCompileCacheDir } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Clock, Logger } from '@sightline/base';
import { StoreError } from '../port/index.ts';
import type { EngineArguments, EngineCommand, EngineMessage } from './engine-process.ts';
import { dropClaim, inUse, takeOver, writeClaim } from './folder-claim.ts';

export interface SupervisorOptions extends EngineArguments {
  readonly dataFolder: string;
  readonly claimFile: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Pause between two heartbeats, milliseconds. */
  readonly heartbeatMs: number;
  /** Patience with one heartbeat, milliseconds. */
  readonly heartbeatTimeoutMs: number;
  /** Heartbeats missed in a row after which the engine is killed. */
  readonly missedHeartbeats: number;
  /** Longest start, milliseconds. */
  readonly startMs: number;
}

/**
 * The engine's allocator (jemalloc). Pages of 4 kB: in large ones each of the forty tables' logs of tokens, a buffer of a megabyte that
 * is hardly used, and whatever is freed in part stayed whole in memory. What a load gave back is kept for the next ones, longer than the
 * usual 5 s, because a page that is asked for anew is a fault and has to be cleared.
 */
const allocator = { JE_MALLOC_CONF: 'thp:default,dirty_decay_ms:15000' };
const firstDelayMs = 100;
const maxDelayMs = 5_000;
/** An engine that lived this long has earned a quick restart. */
const settledMs = 3_000;

/** One engine, whatever number of processes it takes. */
export class EngineSupervisor {
  readonly #options: SupervisorOptions;
  readonly #logger: Logger;
  #child: ChildProcess | undefined;
  #ready: PromiseWithResolvers<void> = Promise.withResolvers();
  #up = false;
  #closing = false;
  #restarts = 0;
  #failures = 0;
  #rssBytes = 0;
  #life: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();

  private constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#logger = options.logger.with({ part: 'engine' });
    this.#ready.promise.catch(() => undefined);
  }

  /** Starts the engine. Throws `StoreError('unavailable')` with a clear sentence when the folder cannot be opened. */
  static async start(options: SupervisorOptions): Promise<EngineSupervisor> {
    const self = new EngineSupervisor(options);
    await self.#startFirst();
    self.#life = self.#supervise();
    return self;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Resident memory at the last heartbeat, bytes. */
  get rssBytes(): number {
    return this.#rssBytes;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Waits until the engine answers; false when it does not within `waitMs`. */
  async ready(waitMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#up) return true;
    if (this.#closing) return false;
    const over = new AbortController();
    const stop = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
    const came = await Promise.race([
      this.#ready.promise.then(() => true),
      this.#options.clock.sleep(waitMs, stop).then(() => false),
    ]);
    over.abort();
    return came;
  }

  /** Lets running statements end for `stopGraceMs`, then ends the process. Resolves when it is gone. */
  async close(): Promise<void> {
    if (this.#closing) return this.#life;
    this.#closing = true;
    this.#up = false;
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      const command: EngineCommand = { kind: 'stop' };
      if (child.connected) child.send(command, () => undefined);
      const over = new AbortController();
      await Promise.race([gone, this.#options.clock.sleep(this.#options.stopGraceMs + 1000, over.signal)]);
      over.abort();
      child.kill('SIGKILL');
      await gone;
    }
    this.#stop.abort();
    await this.#life;
    dropClaim(this.#options.claimFile);
  }

  /** The first start: a lock that an orphan still holds is waited for, one that a living server holds is refused. */
  async #startFirst(): Promise<void> {
    const { clock, claimFile, dataFolder } = this.#options;
    await takeOver(claimFile, dataFolder, clock);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#spawn();
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        const locked = /Cannot lock file/.test(message);
        if (!locked) throw new StoreError('unavailable', `The telemetry engine does not start: ${message}`);
        if (attempt === 5) throw new StoreError('unavailable', inUse(dataFolder, 'another process'), 76);
        await clock.sleep(500);
      }
    }
  }

  async #spawn(): Promise<void> {
    const options = this.#options;
    const started = options.clock.now();
    const child = fork(
      fileURLToPath(new URL('engine-process.ts', import.meta.url)),
      [JSON.stringify(argumentsOf(options))],
      {
        // Little JavaScript runs there: a young generation of a few megabytes serves it.
        execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4'],
        // Nothing of the server's environment is the engine's business. Queries hold threads of the pool while they run.
        env: {
          PATH: '/usr/local/bin:/usr/bin:/bin',
          TZ: 'UTC',
          LANG: 'C.UTF-8',
          ...allocator,
          UV_THREADPOOL_SIZE: String(options.sessions + 5),
          ...compileCache(),
        },
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      },
    );
    this.#child = child;
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000);
      this.#logger.warn('telemetry engine says', { text: text.slice(0, 2000) });
    });
    if (child.pid !== undefined) writeClaim(options.claimFile, child.pid);
    try {
      await this.#untilReady(child);
    } catch (error) {
      child.kill('SIGKILL');
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(said === '' ? message : `${message}; ${said.trim()}`, { cause: error });
    }
    this.#up = true;
    this.#ready.resolve();
    this.#logger.info('telemetry engine is ready', { pid: child.pid, startMs: options.clock.now() - started });
  }

  #untilReady(child: ChildProcess): Promise<void> {
    const over = new AbortController();
    return new Promise<void>((resolve, reject) => {
      child.once('message', (message: EngineMessage) => {
        if (message.kind === 'ready') resolve();
        else reject(new Error(message.message));
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`it ended at once (${signal ?? `code ${code}`})`)));
      void this.#options.clock
        .sleep(this.#options.startMs, over.signal)
        .then(() => reject(new Error(`it was not ready within ${this.#options.startMs} ms`)));
    }).finally(() => over.abort());
  }

  async #supervise(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#closing) {
      const child = this.#child;
      if (this.#up && child) await this.#watch(child);
      if (this.#closing) return;
      this.#up = false;
      this.#ready = Promise.withResolvers();
      this.#ready.promise.catch(() => undefined);
      await clock.sleep(Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(this.#failures, 10)), this.#stop.signal);
      this.#failures++;
      if (this.#closing) return;
      this.#restarts++;
      try {
        await this.#spawn();
      } catch (error) {
        this.#logger.error('telemetry engine does not start; trying again', { error, attempt: this.#failures });
      }
    }
  }

  /** Listens to the heart of `child`. Resolves when the process is gone, killed by us if it was silent. */
  async #watch(child: ChildProcess): Promise<void> {
    const { clock, heartbeatMs, missedHeartbeats, logger } = this.#options;
    const gone = new AbortController();
    const exit = new Promise<void>((resolve) => {
      const end = (): void => {
        gone.abort();
        resolve();
      };
      if (child.exitCode !== null || child.signalCode !== null) end();
      else child.once('exit', end);
    });
    let missed = 0;
    const since = clock.now();
    while (!gone.signal.aborted && !this.#closing) {
      await clock.sleep(heartbeatMs, AbortSignal.any([gone.signal, this.#stop.signal]));
      if (gone.signal.aborted || this.#closing) break;
      if (await this.#beat()) {
        missed = 0;
        if (clock.now() - since > settledMs) this.#failures = 0;
      } else if (++missed >= missedHeartbeats) {
        logger.error('telemetry engine is silent; replacing it', { pid: child.pid, missed });
        child.kill('SIGKILL');
        break;
      }
    }
    if (this.#closing) return;
    await exit;
    this.#logger.warn('telemetry engine ended', { pid: child.pid, code: child.exitCode, signal: child.signalCode });
  }

  #beat(): Promise<boolean> {
    const { socketPath, heartbeatTimeoutMs } = this.#options;
    return new Promise((resolve) => {
      const call = request(
        { socketPath, path: '/heartbeat', agent: false, signal: AbortSignal.timeout(heartbeatTimeoutMs) },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('error', () => resolve(false));
          response.on('end', () => {
            if (response.statusCode !== 200) return resolve(false);
            this.#rssBytes = (JSON.parse(text) as { rssBytes: number }).rssBytes;
            resolve(true);
          });
        },
      );
      call.on('error', () => resolve(false));
      call.end();
    });
  }
}

function argumentsOf(options: SupervisorOptions): EngineArguments {
  const { tableFolder, workFolder, backupFolder, socketPath, sessions, memoryBytes, stopGraceMs } = options;
  return { tableFolder, workFolder, backupFolder, socketPath, sessions, memoryBytes, stopGraceMs };
}

/** The server's cache of compiled modules, if it has one: the engine starts sooner, and without the compiler's memory. */
function compileCache(): Record<string, string> {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}

import type { Clock, Logger } from '@sightline/base';
import { Deliveries, type Delivery, type Part } from './deliveries.ts';
import type { BatchPoster, PostEnding } from './post-batch.ts';
import type { SiteSpool } from './site-spool.ts';

/** How delivering goes. */
export type DeliveryState = 'connecting' | 'up' | 'down' | 'unauthorised';

export interface ForwarderPace {
  /** Bytes of backlog a second, as they lie on disk; data of now is not held back. Default 2 MB. */
  readonly backlogBytesPerS: number;
}

export const defaultPace: ForwarderPace = { backlogBytesPerS: 2e6 };

/** Small enough that what is live waits for a second behind it, on a thin line too. */
const backlogBatchBytes = 1e6;
const liveBatchBytes = 4e6;
/** So many batches of what is live go before one of the backlog. */
const liveBeforeBacklog = 4;
const firstRetryMs = 1000;
const longestRetryMs = 60_000;
const unauthorisedRetryMs = 60_000;
const lookEveryMs = 300;
const idleMs = 30_000;
const anyFrames = 10_000;

/** Delivers the spool, one batch at a time: what is live first, the backlog oldest first beside it, at a bounded rate. */
export class Forwarder {
  readonly #spool: SiteSpool;
  readonly #deliveries: Deliveries;
  readonly #poster: BatchPoster;
  readonly #pace: ForwarderPace;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #look = new AbortController();
  #state: DeliveryState = 'connecting';
  #retryMs = firstRetryMs;
  #liveInARow = 0;
  #idle = false;
  #backlogFromMs = 0;
  #tokens: { bytes: number; atMs: number };
  /** Frames and bytes of the next batch; small while a frame that is refused is searched for. */
  #most = { frames: anyFrames, bytes: liveBatchBytes, batches: 0 };

  constructor(spool: SiteSpool, poster: BatchPoster, pace: ForwarderPace, clock: Clock, logger: Logger) {
    this.#spool = spool;
    this.#deliveries = new Deliveries(spool);
    this.#poster = poster;
    this.#pace = pace;
    this.#clock = clock;
    this.#logger = logger;
    this.#tokens = { bytes: pace.backlogBytesPerS, atMs: clock.now() };
    this.#running = this.#run();
  }

  get state(): DeliveryState {
    return this.#state;
  }

  /** The link is back: looks at once. */
  wake(): void {
    this.#look.abort();
  }

  /** Something came into the spool. */
  kept(): void {
    if (this.#idle) this.#look.abort();
  }

  /** Ends the request under way: what it carried is sent again and counted once. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#look.abort();
    await this.#running;
    this.#poster.close();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      let waitMs = firstRetryMs;
      try {
        waitMs = this.#state === 'up' ? await this.#step() : await this.#probe();
      } catch (error) {
        // Reading our own disk failed, or it is a bug: either way what is kept stays kept.
        this.#logger.error('forwarding failed and will be tried again', { error });
      }
      if (waitMs > 0) await this.#pause(waitMs);
    }
  }

  async #pause(waitMs: number): Promise<void> {
    await this.#clock.sleep(waitMs, AbortSignal.any([this.#stop.signal, this.#look.signal]));
    if (this.#look.signal.aborted) this.#look = new AbortController();
    this.#idle = false;
  }

  /** Whether the link is up again, with the oldest that waits: whatever came before it is, is backlog. */
  async #probe(): Promise<number> {
    await this.#deliveries.beginBacklog('none');
    if (!(await this.#deliveries.hasBacklog())) await this.#deliveries.beginBacklog('any');
    const oldest = await this.#take('backlog');
    if (!oldest) return this.#idleMs();
    const waitMs = await this.#deliver('backlog', oldest);
    if (this.#state === 'up') await this.#deliveries.beginBacklog('any');
    return waitMs;
  }

  /** One batch, or none; answers how long to wait before the next. */
  async #step(): Promise<number> {
    const backlogWaitMs = this.#backlogWaitMs();
    const mayBacklog = backlogWaitMs <= 0 && (await this.#deliveries.hasBacklog());
    const live = mayBacklog && this.#liveInARow >= liveBeforeBacklog ? undefined : await this.#take('live');
    if (live) return this.#deliver('live', live);
    const backlog = mayBacklog ? await this.#take('backlog') : undefined;
    if (backlog) return this.#deliver('backlog', backlog);
    if (await this.#deliveries.hasBacklog()) return Math.min(lookEveryMs, Math.max(1, backlogWaitMs));
    return this.#idleMs();
  }

  #idleMs(): number {
    this.#idle = this.#spool.status().waitingBytes === 0;
    return this.#idle ? idleMs : lookEveryMs;
  }

  #take(part: Part): Promise<Delivery | undefined> {
    const { bytes, frames } = this.#most;
    return this.#deliveries.next(part, Math.min(bytes, part === 'live' ? liveBatchBytes : backlogBatchBytes), frames);
  }

  async #deliver(part: Part, delivery: Delivery): Promise<number> {
    this.#spool.hold(delivery.segments);
    try {
      const gone = await this.#deliveries.gone();
      const oldest = await this.#deliveries.oldest();
      const batch = { backlog: part === 'backlog', gone, oldest, runs: delivery.runs };
      const ending = await this.#poster.post(batch, this.#stop.signal);
      if (ending.kind === 'accepted') {
        this.#deliveries.told(gone);
        return await this.#accepted(part, delivery, ending.reply);
      }
      return await this.#notAccepted(part, delivery, ending);
    } finally {
      this.#spool.release(delivery.segments);
    }
  }

  async #accepted(
    part: Part,
    delivery: Delivery,
    { segments, rejected }: Extract<PostEnding, { kind: 'accepted' }>['reply'],
  ): Promise<number> {
    this.#isUp();
    this.#liveInARow = part === 'live' ? this.#liveInARow + 1 : 0;
    if (part === 'backlog') this.#tokens.bytes -= delivery.sizeBytes;
    for (const { reason, lane, records } of rejected) this.#spool.countRejected(reason, lane, records);
    let moved = false;
    for (const segment of delivery.segments) {
      const progress = segments.find((one) => one.segment === segment.name && one.lane === segment.lane);
      if (progress) moved = (await this.#deliveries.advance(segment, progress.next)) || moved;
    }
    if (this.#most.batches > 0 && --this.#most.batches === 0)
      this.#most = { frames: anyFrames, bytes: liveBatchBytes, batches: 0 };
    // A server that answers but takes nothing is not to be asked without pause.
    return moved ? 0 : firstRetryMs;
  }

  async #notAccepted(
    part: Part,
    delivery: Delivery,
    ending: Exclude<PostEnding, { kind: 'accepted' }>,
  ): Promise<number> {
    if (this.#stop.signal.aborted) return 0;
    if (ending.kind === 'refused') return this.#refused(delivery, ending);
    if (ending.kind === 'later') {
      this.#isUp();
      const waitMs = ending.afterMs * (0.75 + Math.random() / 2);
      if (part === 'live') return waitMs;
      this.#backlogFromMs = this.#clock.now() + waitMs;
      return 0;
    }
    this.#isDown(ending);
    if (ending.kind === 'unauthorised') return unauthorisedRetryMs;
    const waitMs = Math.random() * this.#retryMs;
    this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
    return Math.max(100, waitMs);
  }

  /** Half of the batch next time, until the frame that cannot be taken stands alone and is given up. */
  async #refused(
    { frames, sizeBytes, segments: [segment], runs: [run] }: Delivery,
    { reason, message }: Extract<PostEnding, { kind: 'refused' }>,
  ): Promise<number> {
    this.#isUp();
    if (frames > 1) {
      this.#most = { frames: Math.ceil(frames / 2), bytes: Math.ceil(sizeBytes / 2), batches: 8 };
      return 0;
    }
    if (!segment || !run) return firstRetryMs;
    this.#logger.warn('the server cannot take a frame; it is given up', { segment: segment.name, reason: message });
    await this.#deliveries.skip(segment, run.first, reason);
    return 0;
  }

  /** Until the backlog may go on: the server asked to wait, or the rate is used up. */
  #backlogWaitMs(): number {
    const nowMs = this.#clock.now();
    const { backlogBytesPerS } = this.#pace;
    const passedMs = Math.max(0, nowMs - this.#tokens.atMs);
    const bytes = Math.min(2 * backlogBytesPerS, this.#tokens.bytes + (passedMs / 1000) * backlogBytesPerS);
    this.#tokens = { bytes, atMs: nowMs };
    // A clock that was set back must not hold it up.
    const askedMs = Math.min(longestRetryMs, this.#backlogFromMs - nowMs);
    return Math.max(askedMs, bytes >= 0 ? 0 : (-bytes / backlogBytesPerS) * 1000);
  }

  #isUp(): void {
    if (this.#state === 'down' || this.#state === 'unauthorised') this.#logger.info('forwarding goes on');
    this.#state = 'up';
    this.#retryMs = firstRetryMs;
  }

  #isDown({ kind, message }: Extract<PostEnding, { kind: 'unreachable' | 'unauthorised' }>): void {
    const state = kind === 'unauthorised' ? 'unauthorised' : 'down';
    if (this.#state !== state) this.#logger.warn('nothing can be forwarded; records are kept', { reason: message });
    this.#state = state;
  }
}

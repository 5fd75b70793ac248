import { createHash } from 'node:crypto';
import { BackgroundLoop, type Clock, formatDuration, type Logger } from '@sightline/base';
import type { ClaimedMonitor, Control } from '@sightline/control';
import { findMonitorType, resultWords, runCheck } from '@sightline/monitors';
import type { FindingSink } from '@sightline/record';
import { heartbeatSettings, lateAtMs } from './heartbeat-settings.ts';
import type { ResultWriter } from './result-writer.ts';
import { tellFindings } from './tell-findings.ts';

/** How often what is due is looked for. */
const tickMs = 1000;
const forgetEveryMs = 10_000;

export interface RunnerParts {
  readonly control: Pick<Control, 'monitors'>;
  readonly writer: ResultWriter;
  readonly sink: FindingSink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Checks at a time. */
  readonly places: number;
}

/**
 * Runs what is due: monitors of the server, and heartbeats that are late. Any number of runners may work on one database;
 * each monitor is run by one of them.
 */
export class Runner {
  readonly #parts: RunnerParts;
  readonly #open = new Set<Promise<void>>();
  readonly #loop: BackgroundLoop;
  #forgotAt = 0;
  /** Since when calls can be taken and what is due is seen: not while the control plane does not answer. */
  #watchingSince: number;
  #blind = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#watchingSince = parts.clock.now();
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: tickMs,
      round: () => this.#look(),
      fault: (error) => {
        this.#blind = true;
        parts.logger.warn('Monitors could not be looked at and will be again', { error });
      },
    });
    this.#loop.start();
  }

  /** Looks at once instead of at the next tick. */
  wake(): void {
    this.#loop.wake();
  }

  /** Takes no more, gives back what it holds, and ends. */
  async close(): Promise<void> {
    await this.#loop.close();
    await Promise.all(this.#open);
  }

  /** True where more may be due already. */
  async #look(): Promise<boolean> {
    const { places, control, clock } = this.#parts;
    const free = places - this.#open.size;
    const claimed = free > 0 ? await control.monitors.claim(free) : [];
    this.#looked();
    for (const monitor of claimed) this.#start(monitor);
    await this.#lookAround();
    const full = claimed.length > 0 && claimed.length === free;
    // A full house is looked at again as soon as a place is free.
    if (full) await Promise.race([...this.#open, clock.sleep(tickMs, this.#loop.signal)]);
    return full;
  }

  #looked(): void {
    if (this.#blind) this.#watchingSince = this.#parts.clock.now();
    this.#blind = false;
  }

  async #lookAround(): Promise<void> {
    const { clock, control, sink } = this.#parts;
    if (clock.now() - this.#forgotAt >= forgetEveryMs) {
      this.#forgotAt = clock.now();
      await control.monitors.forget();
    }
    await tellFindings(control, sink, clock);
  }

  #start(monitor: ClaimedMonitor): void {
    const run = this.#runOne(monitor)
      .catch((error: unknown) => {
        this.#parts.logger.warn('A monitor could not be judged; it is run again when its lease is over', {
          monitor: monitor.id,
          error,
        });
      })
      .finally(() => this.#open.delete(run));
    this.#open.add(run);
  }

  async #runOne(monitor: ClaimedMonitor): Promise<void> {
    const { control, clock, writer } = this.#parts;
    const startedAt = clock.now();
    if (!findMonitorType(monitor.type)?.check) return this.#late(monitor);
    const result = await runCheck(monitor, clock, this.#loop.signal);
    if (this.#loop.signal.aborted) {
      await control.monitors.release(monitor);
      return;
    }
    const settled = await control.monitors.settle(monitor, {
      up: result.up,
      message: resultWords(result),
      durationMs: result.durationMs,
      at: startedAt,
      nextRunAt: nextSlot(monitor.id, monitor.everyMs, startedAt),
    });
    if (!settled) return;
    writer.add({
      ...rowBase(monitor, startedAt),
      up: result.up,
      durationMs: result.durationMs,
      message: resultWords(result),
      details: { ...result.details, attempts: result.attempts },
      coversMs: coveredMs(monitor, startedAt),
    });
    this.wake();
  }

  async #late(monitor: ClaimedMonitor): Promise<void> {
    const { control, clock, writer } = this.#parts;
    const at = clock.now();
    // It became late while we were away, and so perhaps was the door at which it called: it gets its grace once more.
    const { graceMs, downAfter, upAfter } = heartbeatSettings(monitor.settings);
    if (monitor.state !== 'down' && monitor.nextRunAt < this.#watchingSince) {
      await control.monitors.release(monitor, at + Math.min(3_600_000, Math.max(60_000, graceMs)));
      return;
    }
    const message = lateWords(monitor, at);
    // Where several must be missed, each turn of the schedule is one.
    const nextRunAt =
      monitor.state !== 'down' && monitor.failures + 1 < downAfter
        ? Math.max(at + 1000, lateAtMs(monitor.settings, monitor.everyMs, at - graceMs))
        : at + Math.min(900_000, Math.max(60_000, monitor.everyMs / 4));
    const verdict = { up: false, message, durationMs: null, at, nextRunAt, downAfter, upAfter };
    const settled = await control.monitors.settle(monitor, verdict);
    if (!settled) return;
    const since = monitor.state === 'down' ? (monitor.lastCheckedAt ?? at) : monitor.nextRunAt;
    writer.add({
      ...rowBase(monitor, at),
      up: false,
      durationMs: 0,
      message,
      details: {},
      coversMs: Math.min(at - since, monitor.everyMs * 1.5),
    });
    this.wake();
  }
}

function lateWords(monitor: ClaimedMonitor, at: number): string {
  if (monitor.startedAt !== null) return `began ${formatDuration(at - monitor.startedAt)} ago and did not end`;
  // While it is late, `lastCheckedAt` is ours, not a call's.
  if (monitor.state === 'down') return `no call; late for ${formatDuration(at - monitor.stateSince)}`;
  const since = monitor.lastCheckedAt === null ? '' : ` for ${formatDuration(at - monitor.lastCheckedAt)}`;
  return `no call${since}, expected every ${formatDuration(monitor.everyMs)}`;
}

/** What rows of one monitor have in common. */
export function rowBase(monitor: { id: string; organisation: string; site: string; type: string }, atMs: number) {
  const { id, organisation, site, type } = monitor;
  return { organisation, site, monitor: id, type, atMs, checkId: `${id}/${atMs}` };
}

/** The time since the result before it, at most one and a half intervals: what nobody saw stays a gap. */
export function coveredMs(monitor: { lastCheckedAt: number | null; everyMs: number }, at: number): number {
  if (monitor.lastCheckedAt === null) return 0;
  return Math.min(Math.max(0, at - monitor.lastCheckedAt), monitor.everyMs * 1.5);
}

/**
 * The next turn after `now`, between a half and one and a half intervals away. Each monitor has a phase of its own, so
 * that a thousand that were made at once do not run at once.
 */
export function nextSlot(id: string, everyMs: number, now: number): number {
  const phase = createHash('sha256').update(id).digest().readUInt32BE(0) % everyMs;
  const next = Math.floor((now - phase) / everyMs) * everyMs + phase + everyMs;
  return next - now < everyMs / 2 ? next + everyMs : next;
}

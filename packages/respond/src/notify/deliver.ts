import { reasonOf } from '@sightline/base';
import type { AttemptEnding, ClaimedNotification, Control } from '@sightline/control';
import type { SendEnding } from '../channels/channel.ts';
import { attempt, attemptLimitMs, type AttemptTools } from './attempt.ts';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { buildMessage } from './message.ts';

/** Tries of one message before it has failed for good: about nine minutes with the pauses between them. */
export const triesAtMost = 8;
const pausesMs = [2000, 5000, 15_000, 30_000, 60_000, 120_000, 300_000];
const longestPauseMs = 10 * 60_000;
/** Longer than any attempt and its mark take; after it another server, or the one started after a crash, takes the message. */
const leaseMs = 30_000;
const atOnce = 16;
const lookEveryMs = 1000;
const afterFaultMs = 5000;
const closeWithinMs = 8000;

export interface DelivererOptions extends AttemptTools {
  readonly control: Pick<Control, 'alerting'>;
  /** Where people reach this installation, without a slash at its end. */
  readonly publicUrl: () => string;
  /** Between 0 and 1, for the jitter of pauses. */
  readonly random?: () => number;
}

/** Sends what waits in the queue of notifications. */
export interface Deliverer {
  /** Looks at once instead of within a second. */
  wake(): void;
  /** Our own metrics in Prometheus' text format. */
  metrics(): string;
  /** Begins nothing more, waits up to 8 s for what is under way, and gives back the rest. */
  close(): Promise<void>;
}

/**
 * Starts the delivery of notifications. Any number of servers may run it on one control plane. A message is sent at least
 * once: it goes out twice only where the process or the control plane dies between the receiver's answer and our note of it
 * (the notification's id is the same then: `Idempotency-Key`, `Message-ID`).
 */
export function startDeliverer(options: DelivererOptions): Deliverer {
  const { control, clock, logger } = options;
  const metrics = new DeliveryMetrics();
  const stopping = new AbortController();
  const cutting = new AbortController();
  const running = new Set<Promise<void>>();
  let rest = new AbortController();
  let woken = false;
  const wake = (): void => {
    woken = true;
    rest.abort();
  };

  const round = async (): Promise<void> => {
    const free = atOnce - running.size;
    if (free === 0) return;
    for (const claimed of await control.alerting.notifications.claim(free, leaseMs)) {
      const work = deliver(options, claimed, metrics, cutting.signal)
        .catch((error: unknown) =>
          // The lease ends and it is sent again.
          logger.error('The end of a delivery could not be noted', { notification: claimed.id, error }),
        )
        .finally(() => {
          running.delete(work);
          wake();
        });
      running.add(work);
    }
    metrics.backlog(await control.alerting.notifications.backlog(), clock.now());
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      woken = false;
      rest = new AbortController();
      let pauseMs = lookEveryMs;
      try {
        await round();
      } catch (error) {
        logger.warn('Notifications cannot be read; trying again', { reason: reasonOf(error) });
        pauseMs = afterFaultMs;
        woken = false;
      }
      if (!woken) await clock.sleep(pauseMs, AbortSignal.any([rest.signal, stopping.signal]));
    }
  };
  const looping = loop();

  return {
    wake,
    metrics: () => metrics.text(),
    close: async () => {
      stopping.abort();
      await looping;
      const timer = setTimeout(() => cutting.abort(), closeWithinMs);
      await Promise.all(running);
      clearTimeout(timer);
    },
  };
}

/** One attempt at one message, and its mark. */
async function deliver(
  options: DelivererOptions,
  claimed: ClaimedNotification,
  metrics: DeliveryMetrics,
  cut: AbortSignal,
): Promise<void> {
  const { control, clock, logger, random = Math.random } = options;
  const at = clock.now();
  const ended = await send(options, claimed, at, cut);
  if (ended.ending === 'retry' && cut.aborted) return control.alerting.notifications.release(claimed);
  const { ending, detail } = giveUp(ended, claimed.attempts);
  const pause = ended.ending === 'retry' ? pauseMs(claimed.attempts, ended.afterMs, random()) : 0;
  metrics.count(claimed.channelType, ending, ended.tookMs);
  const noted = await noteEnding(options, claimed, {
    at,
    ending,
    detail,
    tookMs: ended.tookMs,
    ...(ending === 'retry' ? { retryAt: clock.now() + pause } : {}),
  });
  const about = { notification: claimed.id, channel: claimed.channelName, ending, detail, attempt: claimed.attempts };
  if (!noted) logger.warn('A delivery took longer than its lease; it may have been sent twice', about);
  else if (ending === 'delivered') logger.info('Notification delivered', about);
  else logger.warn('Notification not delivered', about);
}

/** A receiver's answer that is not noted means a double: a passing fault of the database is waited out within the lease. */
async function noteEnding(
  { control, clock }: DelivererOptions,
  claimed: ClaimedNotification,
  ending: AttemptEnding,
): Promise<boolean> {
  for (const pauseMs of [200, 1000, 5000]) {
    try {
      return await control.alerting.notifications.finish(claimed, ending);
    } catch {
      await clock.sleep(pauseMs);
    }
  }
  return control.alerting.notifications.finish(claimed, ending);
}

async function send(
  options: DelivererOptions,
  claimed: ClaimedNotification,
  at: number,
  cut: AbortSignal,
): Promise<SendEnding & { readonly tookMs: number }> {
  const { via } = claimed;
  if (!via) return { ending: 'failed', detail: 'The channel was deleted.', tookMs: 0 };
  if (!via.enabled) return { ending: 'failed', detail: 'The channel was switched off.', tookMs: 0 };
  return attempt(buildMessage(claimed, options.publicUrl(), at), via, { limitMs: attemptLimitMs, ...options }, cut);
}

function giveUp({ ending, detail }: SendEnding, attempts: number): Pick<SendEnding, 'ending' | 'detail'> {
  if (ending !== 'retry' || attempts < triesAtMost) return { ending, detail };
  return { ending: 'failed', detail: `${detail} Given up after ${attempts} tries.` };
}

/** Growing pauses, 20 % either way so that many do not come back together; what the receiver asked for counts if longer. */
export function pauseMs(attempts: number, askedMs: number, random: number): number {
  const own = (pausesMs[Math.min(attempts, pausesMs.length) - 1] ?? 2000) * (0.8 + 0.4 * random);
  return Math.round(Math.min(Math.max(own, askedMs), longestPauseMs));
}

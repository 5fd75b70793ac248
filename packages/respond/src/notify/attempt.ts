import type { Clock, Logger } from '@sightline/base';
import type { Channel } from '@sightline/control';
import type { ChannelType, SendEnding } from '../channels/channel.ts';
import { findChannelType, keptSecret, secretsOf } from '../channels/channel-settings.ts';
import { createHttpPost, type HttpPost } from './http-post.ts';
import type { Message } from './message.ts';

/** Of one attempt, connecting and answering included. */
export const attemptLimitMs = 10_000;

export interface AttemptTools {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The machine's network unless given. */
  readonly post?: HttpPost;
  /** Certificates to trust besides the machine's, PEM. */
  readonly certificates?: readonly string[];
  readonly types?: (name: string) => ChannelType | undefined;
  readonly limitMs?: number;
}

/** Sends `message` through `channel` once. Ends within the limit whatever the channel does; never throws. */
export async function attempt(
  message: Message,
  channel: Channel,
  { clock, logger, post, certificates = [], types = findChannelType, limitMs = attemptLimitMs }: AttemptTools,
  stop: AbortSignal,
): Promise<SendEnding & { readonly tookMs: number }> {
  const startedAt = clock.now();
  const type = types(channel.type);
  const end = (ending: SendEnding) => ({
    ...ending,
    // Receivers repeat what they were sent: "Cannot POST /services/T…/B…/…".
    detail: (type ? secretsOf(type, channel.settings) : []).reduce(
      (detail, secret) => detail.replaceAll(secret, keptSecret),
      ending.detail,
    ),
    tookMs: Math.max(0, clock.now() - startedAt),
  });
  if (!type) return end({ ending: 'failed', detail: `There are no channels of the type ${channel.type} here.` });
  if (channel.settings === undefined) {
    return end({ ending: 'failed', detail: 'The settings cannot be opened: enter them again.' });
  }
  const settings = type.settings.safeParse(channel.settings);
  if (!settings.success)
    return end({ ending: 'failed', detail: 'The settings no longer fit: open the channel and save it.' });
  const late = AbortSignal.timeout(limitMs);
  const signal = AbortSignal.any([stop, late]);
  try {
    const sent = type.send(message, settings.data, {
      post: post ?? createHttpPost(() => clock.now()),
      now: () => clock.now(),
      certificates,
      signal,
      timeoutMs: limitMs,
    });
    return end(await Promise.race([sent, whenLate(signal)]));
  } catch (error) {
    // A channel that throws is our bug; who waits for the message must not wait for its mending.
    logger.error('A channel failed unexpectedly', { type: channel.type, channel: channel.id, error });
    return end({ ending: 'retry', detail: 'The channel failed unexpectedly; the log says more.', afterMs: 0 });
  }
}

/** A channel gets half a second more than its limit to say so itself. */
function whenLate(signal: AbortSignal): Promise<SendEnding> {
  return new Promise((resolve) => {
    const late = (): void => {
      setTimeout(() => resolve({ ending: 'retry', detail: 'No answer in time.', afterMs: 0 }), 500).unref();
    };
    if (signal.aborted) late();
    else signal.addEventListener('abort', late, { once: true });
  });
}

import type { Channel, Control, Notification } from '@sightline/control';
import { attempt, type AttemptTools } from './attempt.ts';
import { testMessage } from './message.ts';

/** Sends a test message at once, and logs it like any other. What the receiver answered is in the last attempt. */
export async function sendTest(
  control: Pick<Control, 'alerting'>,
  channel: Channel,
  publicUrl: string,
  tools: AttemptTools,
  signal: AbortSignal,
): Promise<Notification> {
  const at = tools.clock.now();
  const message = testMessage(`test-${channel.id}-${at}`, channel.name, publicUrl, at);
  const { ending, detail, tookMs } = await attempt(message, channel, tools, signal);
  return control.alerting.notifications.logTest(channel, { at, ending, detail, tookMs });
}

import type { ChannelType } from './channel.ts';
import { email } from './email/email.ts';
import { slack } from './slack/slack.ts';
import { webhook } from './webhook/webhook.ts';

/** Every kind of channel, in the order in which people choose. */
export const allChannels: readonly ChannelType[] = [slack, email, webhook];

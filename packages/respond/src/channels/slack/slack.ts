import { z } from 'zod';
import { judgeAnswer } from '../../notify/judge-answer.ts';
import { defineChannel } from '../channel.ts';
import { slackBody } from './slack-body.ts';

/** Slack's incoming webhooks (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks), and all that speak alike. */
export const slack = defineChannel({
  name: 'slack',
  title: 'Slack',
  description:
    'Posts to a Slack channel through an incoming webhook. In Slack: Apps → Incoming WebHooks → Add to Slack, choose the channel, copy the address.',
  settings: z.object({
    url: z
      .url({ protocol: /^https?$/, error: 'must be an address such as https://hooks.slack.com/services/…' })
      .max(2000)
      .meta({
        title: 'Webhook address',
        description: 'Who knows it can post: it is kept sealed and not shown again.',
        placeholder: 'https://hooks.slack.com/services/T…/B…/…',
        secret: true,
      }),
    mention: z
      .string()
      .max(100)
      .regex(
        /^(|<!(here|channel|subteam\^[A-Z0-9]+)>|<@[A-Z0-9]+>)$/,
        'must be <!here>, <!channel>, <@U…> or <!subteam^S…>',
      )
      .default('')
      .meta({
        title: 'Mention for critical incidents',
        description: '<!here>, <!channel>, a person <@U…> or a group <!subteam^S…>; empty for nobody.',
        placeholder: '<!here>',
      }),
  }),
  address: [],
  send: async (message, settings, { post, timeoutMs, signal, certificates }) =>
    judgeAnswer(
      await post({
        url: settings.url,
        headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Sightline' },
        body: JSON.stringify(slackBody(message, settings.mention)),
        timeoutMs,
        signal,
        certificates,
      }),
    ),
});

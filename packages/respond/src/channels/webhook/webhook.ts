import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { judgeAnswer } from '../../notify/judge-answer.ts';
import { defineChannel } from '../channel.ts';
import { webhookBody } from './webhook-body.ts';

/** Set by us or by HTTP itself. */
const taken =
  /^(host|content-length|content-type|transfer-encoding|connection|upgrade|expect|te|trailer|idempotency-key|x-sightline-.*)$/i;

/** JSON to any address. The body is described in `docs/alerting.md`. */
export const webhook = defineChannel({
  name: 'webhook',
  title: 'Webhook',
  description: 'Posts JSON to an address of yours, signed if you like, the same message with the same Idempotency-Key.',
  settings: z.object({
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https address' })
      .max(2000)
      .refine((text) => !hasUser(text), 'must not hold a user and password: use a header')
      .meta({ title: 'Address', placeholder: 'https://example.com/alerts' }),
    secret: z.string().max(500).default('').meta({
      title: 'Signing secret',
      description:
        'With one, each call carries X-Sightline-Signature: t=<seconds>,v1=<HMAC-SHA-256 of "t.body" in hexadecimal>.',
      secret: true,
    }),
    headers: z
      .record(
        z
          .string()
          .max(100)
          .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a header name')
          .refine((name) => !taken.test(name), 'is set by Sightline'),
        z
          .string()
          .max(2000)
          .regex(/^[\t\x20-\x7e]*$/, 'holds characters that a header cannot carry'),
      )
      .refine((headers) => Object.keys(headers).length <= 20, 'at most 20 headers')
      .default({})
      .meta({
        title: 'Headers',
        description: 'Such as Authorization. Their values are kept sealed and not shown again.',
        secret: true,
      }),
  }),
  address: ['url'],
  send: async (message, { url, secret, headers }, { post, now, timeoutMs, signal, certificates }) => {
    const body = JSON.stringify(webhookBody(message));
    return judgeAnswer(
      await post({
        url,
        headers: {
          ...headers,
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'Sightline',
          'idempotency-key': message.id,
          'x-sightline-event': message.kind,
          ...(secret === '' ? {} : { 'x-sightline-signature': signature(body, secret, now()) }),
        },
        body,
        timeoutMs,
        signal,
        certificates,
      }),
    );
  },
});

/** `t=<seconds>,v1=<hex>`: the time is signed along, so that an old call cannot be replayed later. */
function signature(body: string, secret: string, nowMs: number): string {
  const t = Math.floor(nowMs / 1000);
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}

function hasUser(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username !== '' || password !== '';
}

import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { isTlsFault } from '../../notify/http-post.ts';
import { type ChannelTools, defineChannel, type SendEnding } from '../channel.ts';
import { emailContent } from './email-content.ts';

const address = z.email('must be an e-mail address').max(254);

const settings = z.object({
  host: z
    .string()
    .min(1, 'must name the mail server')
    .max(253)
    .regex(/^[\w.:-]+$/, 'must be a host name or address')
    .meta({ title: 'SMTP server', placeholder: 'smtp.example.com' }),
  port: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .default(587)
    .meta({ title: 'Port', description: '587 for STARTTLS, 465 for TLS.' }),
  tls: z.enum(['starttls', 'tls', 'none']).default('starttls').meta({
    title: 'Encryption',
    description: 'starttls: must be offered and is used. tls: from the first byte. none: only within your own network.',
  }),
  user: z.string().max(300).default('').meta({ title: 'User', description: 'Empty where the server asks for none.' }),
  password: z.string().max(500).default('').meta({ title: 'Password', secret: true }),
  from: address.meta({ title: 'From', placeholder: 'sightline@example.com' }),
  to: z
    .array(address)
    .min(1, 'must name at least one address')
    .max(50)
    .meta({ title: 'To', placeholder: 'on-call@example.com' }),
});

/** SMTP (RFC 5321) with a text and a plain HTML part; an incident's mails form one thread (RFC 5322, 3.6.4). */
export const email = defineChannel({
  name: 'email',
  title: 'E-mail',
  description: 'Sends mail through your SMTP server. One incident is one thread.',
  settings,
  address: ['host', 'port', 'tls'],
  send: async (message, chosen, tools) => {
    const to = message.receivers.length > 0 ? [...message.receivers] : chosen.to;
    const domain = hostOf(message.publicUrl);
    const thread = message.incident ? `<${message.incident.id}@${domain}>` : undefined;
    const transport = openTransport(chosen, tools);
    const stop = (): void => transport.close();
    tools.signal.addEventListener('abort', stop, { once: true });
    try {
      const sent = await Promise.race([
        transport.sendMail({
          from: { name: 'Sightline', address: chosen.from },
          to,
          ...emailContent(message),
          messageId: `<${message.id}@${domain}>`,
          ...(thread === undefined ? {} : { inReplyTo: thread, references: [thread] }),
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Sightline-Event': message.kind },
          disableFileAccess: true,
          disableUrlAccess: true,
        }),
        aborted(tools.signal),
      ]);
      if (sent === undefined) return { ending: 'retry', detail: `${chosen.host} did not answer in time.`, afterMs: 0 };
      const refused = sent.rejected.map(String);
      const detail = `accepted for ${sent.accepted.map(String).join(', ')}`;
      return {
        ending: 'delivered',
        detail: refused.length > 0 ? `${detail}; refused for ${refused.join(', ')}` : `${detail} (${sent.response})`,
      };
    } catch (error) {
      return judgeFault(error, chosen.host);
    } finally {
      tools.signal.removeEventListener('abort', stop);
      transport.close();
    }
  },
});

function openTransport(chosen: z.output<typeof settings>, { timeoutMs, certificates }: ChannelTools) {
  return createTransport({
    host: chosen.host,
    port: chosen.port,
    secure: chosen.tls === 'tls',
    requireTLS: chosen.tls === 'starttls',
    ignoreTLS: chosen.tls === 'none',
    ...(chosen.user === '' ? {} : { auth: { user: chosen.user, pass: chosen.password } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    tls: { minVersion: 'TLSv1.2', ...(certificates.length > 0 ? { ca: [...certificates] } : {}) },
  });
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

function hostOf(publicUrl: string): string {
  return URL.canParse(publicUrl) ? new URL(publicUrl).hostname.replace(/^\[|\]$/g, '') : 'sightline';
}

interface SmtpFault {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly message: string;
  readonly cause?: { readonly code?: string };
}

/** 4yz may work later, 5yz never will (RFC 5321, 4.2.1); a connection that cannot be made may, a bad certificate will not. */
function judgeFault(error: unknown, host: string): SendEnding {
  const fault = error as SmtpFault;
  const { responseCode, response, code = '' } = fault;
  if (responseCode !== undefined) {
    const detail = `${host} answered ${(response ?? String(responseCode)).replaceAll(/\s+/g, ' ').slice(0, 200)}`;
    return responseCode >= 500 ? { ending: 'failed', detail } : { ending: 'retry', detail, afterMs: 0 };
  }
  const detail = `${host}: ${fault.message.replaceAll(/\s+/g, ' ').slice(0, 200)}`;
  const tls = code === 'ETLS' || isTlsFault(code) || isTlsFault(fault.cause?.code ?? '') || isTlsFault(fault.message);
  if (tls || code === 'EAUTH' || code === 'ENOAUTH' || /certificate/i.test(fault.message))
    return { ending: 'failed', detail };
  return { ending: 'retry', detail, afterMs: 0 };
}

import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { waitFor } from './http-receiver.ts';
import { testCertificate } from './test-certificate.ts';

export interface ReceivedMail {
  readonly at: number;
  readonly from: string;
  /** Receivers of the envelope. */
  readonly to: readonly string[];
  /** First value of each header, names in small letters, unfolded. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parts, decoded. */
  readonly text: string;
  readonly html: string;
  readonly raw: string;
  readonly secure: boolean;
  readonly user: string;
}

/** A real SMTP server in place of the mail provider's. */
export interface MailReceiver {
  readonly host: string;
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Refuses what follows with this SMTP code and text; undefined takes it again. */
  refuse(answer: { readonly code: number; readonly text: string } | undefined): void;
  waitFor(fits: (mail: ReceivedMail) => boolean, withinMs?: number): Promise<ReceivedMail>;
  close(): Promise<void>;
}

export interface MailReceiverOptions {
  /** `starttls` offers it, `tls` speaks it from the first byte, `none` offers nothing. */
  readonly tls?: 'starttls' | 'tls' | 'none';
  /** Asks for this login; without it nobody has to. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Receivers that do not exist (550). */
  readonly unknown?: readonly string[];
  readonly port?: number;
}

/** Listens on a free port of 127.0.0.1. */
export async function startMailReceiver(options: MailReceiverOptions = {}): Promise<MailReceiver> {
  const { tls = 'none', login, unknown = [], port = 0 } = options;
  const mails: ReceivedMail[] = [];
  const waiting = new Set<() => void>();
  let refusal: { code: number; text: string } | undefined;
  const refused = (code: number, text: string) => Object.assign(new Error(text), { responseCode: code });
  const settings: SMTPServerOptions = {
    ...testCertificate,
    secure: tls === 'tls',
    hideSTARTTLS: tls !== 'starttls',
    authOptional: login === undefined,
    allowInsecureAuth: true,
    logger: false,
    closeTimeout: 100,
    onAuth: ({ username = '', password = '' }, _session, done) =>
      login && username === login.user && password === login.password
        ? done(null, { user: username })
        : done(refused(535, 'Wrong user or password')),
    onRcptTo: ({ address }, _session, done) =>
      unknown.includes(address) ? done(refused(550, `No such user ${address}`)) : done(),
    onData: (stream, session, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        if (refusal) return done(refused(refusal.code, refusal.text));
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          at: Date.now(),
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: String(session.user ?? ''),
          ...readMail(Buffer.concat(parts).toString('utf8')),
        });
        done();
        for (const wake of waiting) wake();
      });
    },
  };
  const server = new SMTPServer(settings);
  // A client that breaks off, as one does that distrusts the certificate, is no fault here.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  const bound = (server.server.address() as AddressInfo).port;
  return {
    host: '127.0.0.1',
    port: bound,
    mails,
    refuse: (answer) => void (refusal = answer),
    waitFor: (fits, withinMs = 10_000) => waitFor(() => mails.find(fits), waiting, withinMs, 'mail'),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function readMail(raw: string): Pick<ReceivedMail, 'headers' | 'text' | 'html' | 'raw'> {
  const top = readPart(raw);
  const boundary = /boundary="?([^";]+)"?/.exec(top.headers['content-type'] ?? '')?.[1];
  const parts =
    boundary === undefined
      ? [top]
      : top.body
          .split(`--${boundary}`)
          .slice(1, -1)
          .map((part) => readPart(part.trimStart()));
  const decoded = (type: string): string => {
    const part = parts.find(({ headers }) => (headers['content-type'] ?? 'text/plain').startsWith(type));
    return part ? decode(part.body, part.headers['content-transfer-encoding'] ?? '') : '';
  };
  const { subject = '', ...headers } = top.headers;
  return {
    headers: { ...headers, subject: decodeWords(subject) },
    text: decoded('text/plain'),
    html: decoded('text/html'),
    raw,
  };
}

function readPart(text: string): { headers: Record<string, string>; body: string } {
  const [head = '', ...rest] = text.split(/\r?\n\r?\n/);
  const headers: Record<string, string> = {};
  for (const line of head.replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] ??= line.slice(colon + 1).trim();
  }
  return { headers, body: rest.join('\r\n\r\n') };
}

function decode(body: string, encoding: string): string {
  if (/base64/i.test(encoding)) return Buffer.from(body, 'base64').toString('utf8');
  if (!/quoted-printable/i.test(encoding)) return body;
  return quotedPrintable(body.replaceAll(/=\r?\n/g, ''));
}

function quotedPrintable(text: string): string {
  const bytes = text.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
  return /[^\x00-\xff]/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** RFC 2047. */
function decodeWords(text: string): string {
  return text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64').toString('utf8')
        : quotedPrintable(word.replaceAll('_', ' ')),
    );
}

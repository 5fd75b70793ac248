import { readFileSync } from 'node:fs';
import { hexIdOf } from '../../errors/json-reader.ts';
import type { Checked, Ending, ProtocolReply, ProtocolRequest } from '../../protocol.ts';
import { signalFrames } from './check-envelope.ts';
import { keyOfDsn } from './credentials.ts';
import { sentryReply } from './reply.ts';

/** Largest form: a report's text is cut to 8,192 characters anyway. */
export const reportFormBytes = 64 * 1024;
const longest = { name: 128, email: 200 };

/** What a browser runs. It reads its texts from its own address, so that nothing of a query ever stands in a script. */
const script = readFileSync(new URL('report-dialog.browser.js', import.meta.url), 'utf8');

type Bare = Omit<ProtocolRequest, 'scope'>;

/** The key in the DSN of the query: `showReportDialog` of the SDKs names it there. */
export const dialogKey = ({ query }: Bare): string | undefined => keyOfDsn(query.get('dsn') ?? undefined);

/** The project number at the end of the query's DSN; 0 where there is none. */
export function dialogProject({ query }: Bare): number {
  const project = Number(/\/(\d{1,10})\/?$/.exec(query.get('dsn') ?? '')?.[1] ?? 0);
  return project <= 0xffff_ffff ? project : 0;
}

/** A browser names the page that it acts for; a query without it comes from elsewhere, and is no dialog. */
const fromPage = ({ headers }: Bare): boolean => (headers['origin'] ?? headers['referer'] ?? '') !== '';

function refuse(status: number, message: string): Checked {
  return { kind: 'refuse', status, reason: 'malformed', message, records: 1 };
}

/** Why a request is none of the dialog; undefined when it is. */
function notADialog(request: Bare): Checked | undefined {
  if (hexIdOf(request.query.get('eventId'), 32) === '')
    return refuse(400, 'eventId: expected the id of an event, 32 hexadecimal digits');
  if (!fromPage(request)) return refuse(403, 'expected the header Origin or Referer: this is for pages');
  return undefined;
}

/** `GET /api/embed/error-page/?dsn=…&eventId=…`: the script that draws the dialog. Keeps nothing. */
export function checkDialog(request: ProtocolRequest): Checked {
  return notADialog(request) ?? { kind: 'accept', frames: [], refused: [], body: script };
}

/** The same address by POST: the form that the dialog sends, `name`, `email` and `comments`, as a report about the event. */
export function checkReport(request: ProtocolRequest): Checked {
  const refused = notADialog(request);
  if (refused) return refused;
  const form = new URLSearchParams(request.body.toString('utf8'));
  const field = (name: string): string => (form.get(name) ?? '').trim();
  const [name, email, comments] = [field('name'), field('email'), field('comments')];
  if (comments === '') return refuse(400, 'comments: expected some text');
  if (name.length > longest.name) return refuse(400, `name: expected at most ${longest.name} characters`);
  if (email !== '' && (email.length > longest.email || !/^[^\s@]+@[^\s@]+$/.test(email)))
    return refuse(400, 'email: expected an e-mail address');
  const eventId = hexIdOf(request.query.get('eventId'), 32);
  const item = {
    type: 'user_report',
    header: { type: 'user_report' },
    payload: Buffer.from(JSON.stringify({ event_id: eventId, name, email, comments })),
  };
  const frames = signalFrames({ event_id: eventId }, [{ signal: 'feedback', records: 1, item }]);
  return { kind: 'accept', frames, refused: [] };
}

/** The script, or for the form an empty object; a form that is refused names its field: `{"errors": {"email": ["…"]}}`. */
export function dialogReply(ending: Ending, request: Bare): ProtocolReply {
  const vary = { vary: 'Origin' };
  if (ending.kind === 'stored' && ending.body !== undefined)
    return {
      status: 200,
      headers: {
        ...vary,
        'content-type': 'text/javascript; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'cache-control': 'private, max-age=300',
      },
      body: ending.body,
    };
  const reply = sentryReply(ending, request);
  if (ending.kind === 'stored')
    return reply.status === 200 ? { ...reply, headers: { ...reply.headers, ...vary }, body: '{}' } : reply;
  const field = /^(eventId|name|email|comments): (.*)$/s.exec(ending.message);
  if (ending.status !== 400 || !field) return reply;
  return { ...reply, body: JSON.stringify({ errors: { [field[1] ?? '']: [field[2]] } }) };
}

import { isObject, parseJson, textOf } from '../../errors/json-reader.ts';
import { findKey } from '../../find-key.ts';
import { LogBatch } from '../../logs/log-batch.ts';
import { defineProtocol, type Checked, type Ending, type ProtocolReply, type ProtocolRequest } from '../../protocol.ts';
import { readGelf } from '../../logs/read-gelf.ts';

/** One message, or several as an array or one a line; each is refused alone. */
export function checkGelf(request: ProtocolRequest): Checked {
  const batch = new LogBatch('gelf');
  for (const [index, text] of messages(request.body.toString('utf8')).entries())
    batch.add(readGelf(text, request.receivedAtMs).read, `message ${index + 1}`);
  const { frames, refused } = batch.finish();
  if (frames.length > 0 || refused.length === 0) return { kind: 'accept', frames, refused };
  const [first] = refused;
  const records = refused.reduce((sum, refusal) => sum + refusal.records, 0);
  return { kind: 'refuse', status: 400, reason: first?.reason ?? 'malformed', message: first?.message ?? '', records };
}

function messages(text: string): string[] {
  const whole = parseJson(text);
  if (Array.isArray(whole)) return whole.map((entry) => JSON.stringify(entry));
  if (whole !== undefined) return [text];
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** The key may stand in the message, as it does over UDP and TCP. */
function keyWithin({ body }: Omit<ProtocolRequest, 'scope'>): string | undefined {
  if (body.length > 65_536 || (!body.includes('"_sightline_key"') && !body.includes('"_key"'))) return undefined;
  const [first = ''] = messages(body.toString('utf8'));
  const message = parseJson(first);
  return isObject(message) ? textOf(message['_sightline_key'] ?? message['_key'], 512) || undefined : undefined;
}

function reply(ending: Ending): ProtocolReply {
  if (ending.kind === 'refused')
    return {
      status: ending.status,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'ApiError', message: ending.message }),
    };
  return { status: 202 };
}

export const gelf = defineProtocol({
  name: 'gelf',
  title: 'GELF',
  docs: 'Logs of Graylog’s clients and Docker’s gelf driver: `POST /gelf`, or UDP and TCP with `--gelf 12201`. https://go2docs.graylog.org/current/getting_in_log_data/gelf.html',
  endpoints: [
    {
      method: 'POST',
      path: '/gelf',
      contentTypes: [],
      signal: 'logs',
      cors: true,
      key: (request) => findKey(request.headers) ?? keyWithin(request),
      check: checkGelf,
      reply,
    },
  ],
  lanes: [],
});

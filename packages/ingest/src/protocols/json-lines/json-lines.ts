import { checkJsonLines } from '../../logs/json-lines.ts';
import { defineProtocol, type Ending, type ProtocolReply } from '../../protocol.ts';

/**
 * `{accepted, rejected, errors: [{line, message}]}`: 200 while a line was stored or there was none, 400 when all were
 * refused, because sending the same again cannot help.
 */
export function jsonLinesReply(ending: Ending): ProtocolReply {
  if (ending.kind === 'refused')
    return json(ending.status, { accepted: 0, rejected: 0, errors: [], error: ending.message });
  const accepted = ending.frames.reduce((sum, frame) => sum + frame.records, 0);
  const rejected = ending.refused.reduce((sum, refusal) => sum + refusal.records, 0);
  const errors = ending.refused.map(({ message }) => {
    const [, line, text] = /^line (\d+): (.*)$/s.exec(message) ?? [];
    return line === undefined ? { line: null, message } : { line: Number(line), message: text ?? '' };
  });
  return json(accepted === 0 && rejected > 0 ? 400 : 200, { accepted, rejected, errors });
}

function json(status: number, body: unknown): ProtocolReply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

export const jsonLines = defineProtocol({
  name: 'json-lines',
  title: 'JSON lines',
  docs: 'Logs as one JSON object a line (NDJSON), a JSON array, one object, or plain text lines: `POST /api/v1/ingest/json`. Time, level, message, ids and origin are found under their usual names. https://github.com/ndjson/ndjson-spec',
  endpoints: [
    {
      method: 'POST',
      path: '/api/v1/ingest/json',
      contentTypes: [],
      signal: 'logs',
      cors: true,
      check: (request) => checkJsonLines(request, 'json-lines'),
      reply: jsonLinesReply,
    },
  ],
  lanes: [],
});

import { decode } from '@msgpack/msgpack';
import { isObject } from '../../errors/json-reader.ts';
import { plainValue } from '../../logs/plain-value.ts';
import { readLogObject } from '../../logs/read-log.ts';
import { LogBatch } from '../../logs/log-batch.ts';
import { defineProtocol, type Checked, type Ending, type ProtocolReply, type ProtocolRequest } from '../../protocol.ts';
import { checkJsonLines } from '../../logs/json-lines.ts';

const maxRecords = 100_000;

/** A list of records, or one, as JSON, NDJSON or MessagePack. What is no record is refused alone. */
export function checkBetterStack(request: ProtocolRequest): Checked {
  if (!/msgpack/.test(request.contentType)) {
    const checked = checkJsonLines(request, 'better-stack');
    if (checked.kind === 'refuse' || checked.frames.length > 0 || checked.refused.length === 0) return checked;
    const [first] = checked.refused;
    const records = checked.refused.reduce((sum, refusal) => sum + refusal.records, 0);
    return {
      kind: 'refuse',
      status: 406,
      reason: first?.reason ?? 'malformed',
      message: first?.message ?? '',
      records,
    };
  }
  let value: unknown;
  try {
    value = decode(request.body, {
      maxStrLength: 1_048_576,
      maxArrayLength: maxRecords,
      maxMapLength: 4096,
      maxExtLength: 4096,
    });
  } catch (error) {
    const message = `no MessagePack: ${error instanceof Error ? error.message : 'unreadable'}`;
    return { kind: 'refuse', status: 406, reason: 'malformed', message, records: 1 };
  }
  const batch = new LogBatch('better-stack');
  for (const [index, item] of (Array.isArray(value) ? value : [value]).entries()) {
    const entry = plainValue(item);
    if (isObject(entry)) batch.add(readLogObject(entry, request.receivedAtMs), `record ${index + 1}`);
    else batch.refuse('malformed', `record ${index + 1}: expected an object`);
  }
  return { kind: 'accept', ...batch.finish() };
}

function reply(ending: Ending): ProtocolReply {
  const headers = { 'content-type': 'application/json' };
  if (ending.kind === 'refused')
    return { status: ending.status, headers, body: JSON.stringify({ error: ending.message }) };
  const refused = ending.refused.reduce((sum, refusal) => sum + refusal.records, 0);
  if (refused === 0) return { status: 202 };
  return { status: 202, headers, body: JSON.stringify({ refused, error: ending.refused[0]?.message ?? '' }) };
}

const endpoint = {
  method: 'POST',
  contentTypes: [],
  signal: 'logs',
  cors: true,
  check: checkBetterStack,
  reply,
} as const;

export const betterStack = defineProtocol({
  name: 'better-stack',
  title: 'Better Stack',
  docs: 'Logs as the Logtail and Better Stack clients send them, JSON, NDJSON or MessagePack, to `POST /` or `POST /betterstack`; the source token is an ingest key. https://betterstack.com/docs/logs/http-rest-api/',
  endpoints: [
    { ...endpoint, path: '/' },
    { ...endpoint, path: '/betterstack' },
  ],
  lanes: [],
});

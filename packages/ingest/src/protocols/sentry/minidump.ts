import { randomUUID } from 'node:crypto';
import { isObject, objectOf, parseJson, textOf, type JsonObject } from '../../errors/json-reader.ts';
import { eventIdOf } from '../../errors/normalise-event.ts';
import { readForm, type FormPart } from '../../multipart.ts';
import type { Checked, ProtocolRequest } from '../../protocol.ts';
import { checkItems } from './check-envelope.ts';
import type { EnvelopeItem } from './envelope.ts';

const dumpField = 'upload_file_minidump';
const mostFields = 200;

/**
 * A crash dump as Breakpad and Crashpad send it (https://docs.sentry.io/platforms/native/guides/minidumps/): a form with the dump, further
 * files and `sentry` (JSON, or `sentry[release]` and the like), or the bare dump. It becomes an event and its attachments; the dump is
 * kept, its stacks are not read.
 */
export function checkMinidump(request: ProtocolRequest): Checked {
  const bare = isDump(request.body);
  const form = bare ? undefined : readForm(request.body, request.headers['content-type'] ?? '');
  if (form && !form.ok) return refuse(form.error);
  const parts: readonly FormPart[] = form?.value ?? [
    { name: dumpField, fileName: 'minidump.dmp', contentType: 'application/x-dmp', content: request.body },
  ];
  const dump = parts.find((part) => part.name === dumpField);
  if (!dump || !isDump(dump.content)) return refuse(`expected a minidump in the field "${dumpField}"`);
  const event = crashEvent(parts);
  const items: EnvelopeItem[] = [
    { type: 'event', header: { type: 'event' }, payload: Buffer.from(JSON.stringify(event)) },
    ...parts.filter((part) => part.fileName !== '' || part === dump).map((part) => attachmentOf(part, part === dump)),
  ];
  return checkItems({ event_id: eventIdOf(event, { eventId: '' }) }, items, request);
}

/** Unreal's crash reports are a form of their own, packed: counted, not kept. */
export function checkUnreal(): Checked {
  const message = "Unreal Engine's crash reports are not kept";
  const refused = [{ signal: 'errors', reason: 'unsupported-type', records: 1, message } as const];
  return { kind: 'accept', frames: [], refused };
}

function isDump(bytes: Buffer): boolean {
  const magic = bytes.toString('latin1', 0, 4);
  return magic === 'MDMP' || magic === 'PMDM';
}

function refuse(message: string): Checked {
  return { kind: 'refuse', status: 400, reason: 'malformed', message, records: 1 };
}

function attachmentOf(part: FormPart, isTheDump: boolean): EnvelopeItem {
  const header = {
    type: 'attachment',
    filename: part.fileName === '' ? 'minidump.dmp' : part.fileName.slice(0, 300),
    content_type: isTheDump ? 'application/x-dmp' : part.contentType.slice(0, 128),
    attachment_type: isTheDump ? 'event.minidump' : 'event.attachment',
  };
  return { type: 'attachment', header, payload: part.content };
}

function crashEvent(parts: readonly FormPart[]): JsonObject {
  const fields = parts.filter((part) => part.fileName === '' && part.name !== dumpField).slice(0, mostFields);
  const given: Record<string, unknown> = {};
  const extra: Record<string, string> = {};
  for (const { name, content } of fields) {
    const path = /^sentry((?:\[[^\]]{1,64}\])+)$/.exec(name)?.[1];
    if (name === 'sentry') Object.assign(given, objectOf(parseJson(content.toString('utf8'))));
    else if (path !== undefined) setAt(given, path.slice(1, -1).split(']['), content.toString('utf8'));
    else extra[name.slice(0, 200)] = textOf(content.toString('utf8'), 2048);
  }
  const says = isObject(given['exception']) || isObject(given['logentry']) || typeof given['message'] === 'string';
  return {
    event_id: randomUUID().replaceAll('-', ''),
    platform: 'native',
    level: 'fatal',
    ...(!says && {
      exception: {
        values: [{ type: 'Minidump', value: 'The program crashed', mechanism: { type: 'minidump', handled: false } }],
      },
    }),
    ...given,
    extra: { ...extra, ...objectOf(given['extra']) },
  };
}

function setAt(target: Record<string, unknown>, path: readonly string[], value: string): void {
  let at = target;
  for (const [index, name] of path.slice(0, 8).entries()) {
    if (name === '__proto__' || name === 'constructor') return;
    if (index === Math.min(path.length, 8) - 1) at[name] = value;
    else {
      const inner = isObject(at[name]) ? { ...at[name] } : {};
      at[name] = inner;
      at = inner;
    }
  }
}

import { isObject, parseJson, textOf } from '../errors/json-reader.ts';
import { facilities } from '../syslog/facilities.ts';
import { fieldsByKind } from './field-kinds.ts';
import { longestOrigin, readLogObject, type ReadLog } from './read-log.ts';

/** Where a message brings the key with it; it goes no further. */
const keyFields = ['_sightline_key', '_key'] as const;
/** Wire names of GELF itself, by what they are to us. */
const ownNames: Readonly<Record<string, string>> = {
  short_message: 'message',
  host: 'host',
  timestamp: 'timestamp',
  level: 'level',
};

export interface ReadGelf {
  readonly read: ReadLog;
  /** The key that the message names; undefined without one. */
  readonly key: string | undefined;
}

/**
 * One GELF message (https://go2docs.graylog.org/current/getting_in_log_data/gelf.html): additional fields lose their underscore. Refused:
 * what is no JSON object, says nothing, or was at an impossible time.
 */
export function readGelf(text: string, receivedAtMs: number): ReadGelf {
  const given = parseJson(text);
  if (!isObject(given))
    return { read: { kind: 'refused', reason: 'malformed', message: 'expected a JSON object' }, key: undefined };
  const fields: Record<string, unknown> = {};
  let key: string | undefined;
  for (const [name, value] of Object.entries(given)) {
    if (keyFields.some((field) => field === name)) key ??= textOf(value, 512) || undefined;
    else if (name === 'version' || name === '_id') continue;
    else if (name.startsWith('_')) fields[name.slice(1)] ??= value;
    else fields[ownNames[name] ?? name] = value;
  }
  if (fields['full_message'] === fields['message']) delete fields['full_message'];
  if (textOf(fields['message']) === '') {
    // The specification asks for a short message; some clients send the long one alone.
    if (textOf(fields['full_message']) === '')
      return { read: { kind: 'refused', reason: 'no-value', message: '"short_message" is missing' }, key };
    fields['message'] = fields['full_message'];
    delete fields['full_message'];
  }
  const facility = textOf(fields['facility'], longestOrigin);
  if (isProgram(facility) && fieldsByKind(Object.keys(fields)).service === undefined) fields['service'] = facility;
  return { read: readLogObject(fields, receivedAtMs), key };
}

/** GELF's old `facility` is the program's name with most clients; of some their own name, or one of syslog's facilities. */
const isProgram = (facility: string): boolean =>
  facility !== '' && !/^gelf/i.test(facility) && !(facilities as readonly string[]).includes(facility.toLowerCase());

import { readLogLine } from '../logs/read-line.ts';
import { isIdentity } from '../logs/field-kinds.ts';
import type { Arrival } from '../sockets/socket-intake.ts';
import { facilities } from './facilities.ts';

type Fields = Record<string, string | number>;

const refused = (message: string): Arrival => ({
  read: { kind: 'refused', reason: 'malformed', message },
  key: undefined,
});

/**
 * One message of RFC 5424 or RFC 3164 (https://datatracker.ietf.org/doc/html/rfc5424). Refused: a priority, header or structured data that breaks
 * the rules, an empty message, an impossible time. A message without a priority is a user's notice, as RFC 3164 has it. A key comes as
 * `[sightline key="…"]` in the structured data; other members of that element are fields.
 */
export function readSyslog(text: string, receivedAtMs: number): Arrival {
  const message = text.replace(/[\r\n\0]+$/, '');
  const [head = '', digits = '13'] = /^<(\d{1,3})>/.exec(message) ?? [];
  const priority = Number(digits);
  if (priority > 191 || (head === '' && message.startsWith('<')))
    return refused(`expected a priority from <0> to <191>, got "${message.slice(0, 8)}"`);
  const about: Fields = { severity: priority % 8, 'syslog.facility': facilities[priority >> 3] ?? '' };
  const rest = message.slice(head.length);
  const version = /^(\d{1,2}) /.exec(rest);
  // Digits and a space begin Cisco's sequence numbers too, but those end in a colon.
  return version && head !== ''
    ? readModern(rest.slice(version[0].length), Number(version[1]), about, receivedAtMs)
    : readLegacy(rest, about, receivedAtMs);
}

function readModern(text: string, version: number, about: Fields, receivedAtMs: number): Arrival {
  if (version !== 1) return refused(`version ${version} of syslog is not known`);
  const header = /^(\S{1,64}) (\S{1,255}) (\S{1,128}) (\S{1,128}) (\S{1,128}) ?/.exec(text);
  if (!header) return refused('the header must have time, host, application, process and message id');
  const [whole, time, host, application, process, id] = header as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const data = structuredData(text, whole.length);
  if (!data) return refused('the structured data cannot be read');
  for (const [name, value] of [
    ['time', time],
    ['host', host],
    ['app', application],
    ['process.pid', process],
    ['syslog.msgid', id],
  ] as const)
    if (value !== '-') about[name] = value;
  Object.assign(about, data.fields);
  const body = text
    .slice(data.end)
    .replace(/^ /, '')
    .replace(/^\uFEFF/, '');
  return arrival(body, about, receivedAtMs, data.key);
}

interface StructuredData {
  readonly fields: Fields;
  readonly key: string | undefined;
  readonly end: number;
}

const element = /\[([^\s=\]"]{1,128})((?: +[^\s=\]"]{1,128}="(?:[^"\\]|\\[^])*")*) *\]/y;
const member = / +([^\s=\]"]{1,128})="((?:[^"\\]|\\[^])*)"/g;

function structuredData(text: string, from: number): StructuredData | undefined {
  if (text[from] === '-' || from >= text.length)
    return { fields: {}, key: undefined, end: Math.min(from + 1, text.length) };
  const fields: Fields = {};
  let key: string | undefined;
  let end = from;
  for (;;) {
    element.lastIndex = end;
    const found = element.exec(text);
    if (!found) break;
    end = element.lastIndex;
    const id = (found[1] ?? '').replace(/@[\d.]*$/, '');
    for (const [, name = '', escaped = ''] of (found[2] ?? '').matchAll(member)) {
      const value = escaped.replace(/\\([\\"\]])/g, '$1');
      if (id === 'sightline' && (name === 'key' || name === 'token')) key ??= value;
      else if (id === 'sightline' || (isIdentity(name) && fields[name] === undefined)) fields[name] = value;
      else fields[`${id}.${name}`] = value;
    }
  }
  return end === from ? undefined : { fields, key, end };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const legacyTime =
  /^[*.]?(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}(\d{1,2})(?: (\d{4}))? (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?:? /;
const isoTime = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?) /;
const tag = /^([^\s:[\]]{1,128})(?:\[([^\]\s]{1,64})\])?: ?/;

function readLegacy(text: string, about: Fields, receivedAtMs: number): Arrival {
  const old = legacyTime.exec(text);
  const iso = old ? null : isoTime.exec(text);
  if (!old && !iso) return arrival(text, about, receivedAtMs, undefined);
  if (iso) about['time'] = iso[1] ?? '';
  else if (old) about['time'] = legacyMs(old, receivedAtMs);
  let rest = text.slice((old ?? iso)?.[0].length ?? 0);
  // The host may be left out by programs that log to their own machine.
  const host = /^(\S{1,255}) /.exec(rest);
  if (host && !/[:\]]$/.test(host[1] ?? '')) {
    about['host'] = host[1] ?? '';
    rest = rest.slice(host[0].length);
  }
  const named = tag.exec(rest);
  if (named) {
    about['app'] = named[1] ?? '';
    if (named[2] !== undefined) about['process.pid'] = named[2];
    rest = rest.slice(named[0].length);
  }
  return arrival(rest, about, receivedAtMs, undefined);
}

const quarterMs = 900_000;
const skewMs = 30_000;

/**
 * A time without year and zone, as milliseconds: the year that brings it nearest to the receipt, in UTC. Where it is then a whole number of quarters of an hour off,
 * as zones are, and agrees within half a minute, it was told in the sender's own zone.
 */
function legacyMs(match: RegExpExecArray, receivedAtMs: number): number {
  const [, month = '', day, year, hour, minute, second, fraction = ''] = match;
  const of = (inYear: number): number =>
    Date.UTC(inYear, months.indexOf(month), Number(day), Number(hour), Number(minute), Number(second)) +
    Math.floor(Number(fraction.padEnd(3, '0').slice(0, 3)));
  const thisYear = new Date(receivedAtMs).getUTCFullYear();
  const candidates = year === undefined ? [thisYear - 1, thisYear, thisYear + 1].map(of) : [of(Number(year))];
  const nearest = candidates.reduce((best, ms) =>
    Math.abs(ms - receivedAtMs) < Math.abs(best - receivedAtMs) ? ms : best,
  );
  const zoneMs = Math.round((receivedAtMs - nearest) / quarterMs) * quarterMs;
  const isZone = Math.abs(zoneMs) <= 14 * 3_600_000 && Math.abs(receivedAtMs - nearest - zoneMs) <= skewMs;
  return isZone ? nearest + zoneMs : nearest;
}

function arrival(body: string, about: Fields, receivedAtMs: number, key: string | undefined): Arrival {
  if (body.trim() === '')
    return { read: { kind: 'refused', reason: 'no-value', message: 'the message is empty' }, key };
  return { read: readLogLine(body, about, receivedAtMs), key };
}

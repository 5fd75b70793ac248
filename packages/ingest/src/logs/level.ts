import { severityNumber } from '@sightline/record';
import { isObject, numberOf, parseJson, textOf } from '../errors/json-reader.ts';

/** A level as the client wrote it and as OpenTelemetry counts it; 0 and '' when unknown. */
export interface Level {
  readonly text: string;
  readonly number: number;
}

const noLevel: Level = { text: '', number: 0 };

const pinoNumbers: Readonly<Record<number, readonly [text: string, number: number]>> = {
  10: ['trace', 1],
  20: ['debug', 5],
  30: ['info', 9],
  40: ['warn', 13],
  50: ['error', 17],
  60: ['fatal', 21],
};
/** Syslog severities 0 to 7 (https://datatracker.ietf.org/doc/html/rfc5424#section-6.2.1). */
const syslogNumbers: readonly (readonly [text: string, number: number])[] = [
  ['emerg', 23],
  ['alert', 22],
  ['crit', 21],
  ['err', 17],
  ['warning', 13],
  ['notice', 10],
  ['info', 9],
  ['debug', 5],
];

/** Longer JSON lines are not parsed for the sake of a level. */
const maxParsedLine = 16_384;

export const levelNames = [
  'level',
  'severity',
  'lvl',
  'loglevel',
  'log.level',
  'detected_level',
  'severity_text',
  'levelname',
];

/** A level from a word in any spelling, a pino number (10-60, between two: the lower) or a syslog number (0-7). */
export function levelOf(value: unknown): Level {
  const number = numberOf(value);
  if (number === undefined) {
    const text = textOf(value, 32);
    return { text, number: severityNumber(text) };
  }
  const named = number < 8 ? syslogNumbers[number] : pinoNumbers[Math.min(60, Math.floor(number / 10) * 10)];
  return named === undefined ? noLevel : { text: named[0], number: named[1] };
}

/** The level that a line tells of itself: a JSON object's or logfmt's `level=`, or a leading `[ERROR]` or `ERROR:`. */
export function levelOfLine(line: string): Level {
  if (line.startsWith('{')) {
    if (line.length > maxParsedLine) return noLevel;
    const value = parseJson(line);
    if (!isObject(value)) return noLevel;
    const name = levelNames.find((candidate) => value[candidate] !== undefined);
    return name === undefined ? noLevel : levelOf(value[name]);
  }
  const head = line.slice(0, 512);
  const logfmt = /(?:^|\s)(?:level|lvl|severity)=["']?([A-Za-z]+|\d{1,2})\b/.exec(head)?.[1];
  if (logfmt !== undefined) return levelOf(logfmt);
  const bracketed =
    /^(?:\S+\s){0,3}?[[(<]?\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b[\])>:]?\s/.exec(head)?.[1];
  return bracketed === undefined ? noLevel : levelOf(bracketed.toLowerCase());
}

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

/** log4j's, logback's and log4js' numbers (https://logging.apache.org/log4j/1.x/apidocs/org/apache/log4j/Priority.html); between two the lower. */
const log4jNumbers: readonly (readonly [from: number, text: string, number: number])[] = [
  [50_000, 'fatal', 21],
  [40_000, 'error', 17],
  [30_000, 'warn', 13],
  [20_000, 'info', 9],
  [10_000, 'debug', 5],
  [5000, 'trace', 1],
];

/** Longer JSON lines are not parsed for the sake of a level. */
const maxParsedLine = 16_384;

/** Best first. Monolog, log4js and Python's loggers write a number of their own scale and its name beside it: the name is the same everywhere. */
export const levelNames = [
  'level_name',
  'levelname',
  'level',
  'severity',
  'lvl',
  'loglevel',
  'log.level',
  'detected_level',
  'severity_text',
];

/**
 * A level from a word in any spelling, a pino number (10-60, between two: the lower), a syslog number (0-7) or a log4j number (5000-50000). Numbers
 * of three digits mean one thing to Monolog and another to Java's loggers: they tell nothing by themselves.
 */
export function levelOf(value: unknown): Level {
  const number = numberOf(value);
  if (number === undefined) {
    const text = textOf(value, 32);
    return { text, number: severityNumber(text) };
  }
  const named = number < 8 ? syslogNumbers[number] : number < 100 ? pinoLevel(number) : log4jLevel(number);
  return named === undefined ? noLevel : { text: named[0], number: named[1] };
}

const pinoLevel = (number: number): (typeof pinoNumbers)[number] | undefined =>
  pinoNumbers[Math.min(60, Math.floor(number / 10) * 10)];

function log4jLevel(number: number): readonly [text: string, number: number] | undefined {
  const found = log4jNumbers.find(([from]) => number >= from);
  return found && [found[1], found[2]];
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

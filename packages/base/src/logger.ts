import type { Clock } from './clock.ts';
import { redact, redactText, withoutBindings } from './redact.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Our own log. Every field is redacted before it leaves the process. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** A logger that adds `fields` to each line. */
  with(fields: Record<string, unknown>): Logger;
}

const rank: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** One JSON object a line, written through `write`. */
export function jsonLogger(
  clock: Clock,
  write: (line: string) => void,
  minimum: LogLevel = 'info',
  base: Record<string, unknown> = {},
): Logger {
  const log = (level: LogLevel, message: string, fields: Record<string, unknown> = {}): void => {
    if (rank[level] < rank[minimum]) return;
    const given = Object.entries({ ...base, ...fields });
    const safe = redact(
      Object.fromEntries(
        given.map(([key, value]) => [key, typeof value === 'string' ? withoutBindings(value) : value]),
      ),
    ) as Record<string, unknown>;
    write(JSON.stringify({ time: new Date(clock.now()).toISOString(), level, message: redactText(message), ...safe }));
  };
  return {
    debug: (message, fields) => log('debug', message, fields),
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, fields) => log('error', message, fields),
    with: (fields) => jsonLogger(clock, write, minimum, { ...base, ...fields }),
  };
}

/** Says nothing; for tests that do not look at the log. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silentLogger,
};

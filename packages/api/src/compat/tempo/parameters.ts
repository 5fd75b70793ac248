import { fail, ok, type Result } from '@sightline/base';
import { durationNs } from '../duration.ts';

const dayMs = 86_400_000;

/** A time as Tempo's clients write it: seconds, or nanoseconds where the number is that large; or RFC 3339. */
function timeMs(text: string): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) {
    const number = Number(text);
    return number > 1e17 ? number / 1e6 : number > 1e11 ? number : number * 1000;
  }
  const ms = Date.parse(text);
  return Number.isFinite(ms) ? ms : undefined;
}

/** `start` and `end`; without them, or with `since`, the time before now (a day). */
export function readRange(query: URLSearchParams, nowMs: number): Result<{ fromMs: number; toMs: number }, string> {
  const [start, end] = [query.get('start') ?? '', query.get('end') ?? ''];
  const [from, to] = [
    start === '' || start === '0' ? undefined : timeMs(start),
    end === '' || end === '0' ? nowMs : timeMs(end),
  ];
  if ((start !== '' && start !== '0' && from === undefined) || to === undefined) {
    return fail('invalid start or end: expected seconds since the epoch');
  }
  const since = durationNs(query.get('since') ?? '');
  const range = { fromMs: from ?? Math.max(0, to - (since === undefined ? dayMs : since / 1e6)), toMs: to };
  return range.fromMs < range.toMs ? ok(range) : fail('http parameter start must be before end');
}

/** A step as a duration or in seconds; else one that gives about 200 points. */
export function readStepMs(
  query: URLSearchParams,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Result<number, string> {
  const text = query.get('step') ?? '';
  if (text === '') return ok(Math.max(1000, Math.ceil((toMs - fromMs) / 200 / 1000) * 1000));
  const ms = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : (durationNs(text) ?? 0) / 1e6;
  return ms >= 1 ? ok(Math.round(ms)) : fail('invalid step: expected a duration such as 60s');
}

/** A whole number between 1 and `most`. */
export function readCount(
  query: URLSearchParams,
  name: string,
  otherwise: number,
  most: number,
): Result<number, string> {
  const text = query.get(name) ?? '';
  if (text === '') return ok(otherwise);
  const number = Number(text);
  return Number.isInteger(number) && number >= 1
    ? ok(Math.min(number, most))
    : fail(`invalid ${name}: must be a positive number`);
}

/** TraceQL of the older parameter `tags` (logfmt: `service.name=api error=true name="a b"`). */
export function tagsQuery(tags: string): Result<string, string> {
  const conditions: string[] = [];
  let rest = tags.trim();
  while (rest !== '') {
    const pair = /^([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))\s*/.exec(rest);
    if (!pair) return fail('invalid tags: expected logfmt, such as service.name=api');
    const [whole, key = '', quoted, plain = ''] = pair;
    const value = quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, '$1');
    if (key === 'name' || key === 'root.name')
      conditions.push(`${key === 'name' ? 'name' : 'rootName'} = ${JSON.stringify(value)}`);
    else if (key === 'status' || key === 'error')
      conditions.push(
        key === 'error'
          ? `status ${value === 'true' ? '=' : '!='} error`
          : `status = ${/^(ok|error|unset)$/.test(value) ? value : 'unset'}`,
      );
    else conditions.push(`.${JSON.stringify(key)} = ${JSON.stringify(value)}`);
    rest = rest.slice(whole.length);
  }
  return ok(conditions.length === 0 ? '{}' : `{ ${conditions.join(' && ')} }`);
}

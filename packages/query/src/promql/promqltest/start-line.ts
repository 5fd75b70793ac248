import { fail, ok, type Result } from '@sightline/base';
import { parseScriptDuration } from './script-duration.ts';

const offset = String.raw`[+-]?(?:\d+(?:ms|[smhdwy])|0)`;
const item = new RegExp(String.raw`^(?:_(?:x(\d+))?|(${offset})(?:([+-])(\d+(?:ms|[smhdwy])))?(?:x(\d+))?)$`, 'u');
const placesMax = 1_000_000;

/**
 * `metric{…}@st _ -30s -1m-30sx3`: start times of the series in the next line, each as an offset from its sample. `undefined` when
 * the line is no such line.
 */
export function parseStartLine(
  line: string,
): Result<{ readonly metric: string; readonly offsets: readonly (number | undefined)[] }, string> | undefined {
  const [, metric, values = ''] = /^(\S+)@st\s+(.*)$/u.exec(line) ?? [];
  if (metric === undefined) return undefined;
  const offsets: (number | undefined)[] = [];
  for (const text of values.match(/\S+/gu) ?? []) {
    const [matched, blanks, first, sign, step, times] = item.exec(text) ?? [];
    if (matched === undefined) return fail(`"${text}" is no start time`);
    const count = first === undefined ? Number(blanks ?? 1) : Number(times ?? 0) + 1;
    if (offsets.length + count > placesMax) return fail(`more than ${placesMax} start times`);
    const stepMs = (sign === '-' ? -1 : 1) * (parseScriptDuration(step ?? '0') ?? 0);
    for (let i = 0; i < count; i++) offsets.push(first === undefined ? undefined : signedMs(first) + i * stepMs);
  }
  return ok({ metric, offsets });
}

function signedMs(text: string): number {
  const value = parseScriptDuration(text.replace(/^[+-]/u, '')) ?? 0;
  return text.startsWith('-') ? -value : value;
}

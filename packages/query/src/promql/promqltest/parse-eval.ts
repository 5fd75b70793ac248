import { fail, ok, type Result } from '@sightline/base';
import { parseScriptDuration } from './script-duration.ts';
import type { EvalCommand, ExpectationType, Expectation, ExpectedRow } from './script.ts';
import { parseSeries, unquote } from './series-notation.ts';
import { toNumber } from './histogram-notation.ts';

const instant = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(\S+))?\s+(.+)$/u;
const range = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/u;
const expectation = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/u;
const vector = /^expect range vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/u;

/** `eval instant …` or `eval range …` with the lines below it; `lines` is how many of the block belong to it. */
export function parseEval(
  block: readonly string[],
  line: number,
): Result<{ command: EvalCommand; lines: number }, string> {
  const header = parseHeader(block[0] ?? '');
  if (!header.ok) return header;
  const expectations: Expectation[] = header.value.legacy === undefined ? [] : [{ type: header.value.legacy }];
  const rows = new Map<string, ExpectedRow>();
  let { times } = header.value;
  let rangeVector = false;
  let scalar: number | undefined;
  let text: string | undefined;
  let read = 1;
  for (const row of block.slice(1)) {
    read++;
    const legacyFail = /^expected_fail_(message|regexp)\s*(.*)$/u.exec(row);
    if (legacyFail !== null) {
      const [, form, content = ''] = legacyFail;
      expectations[0] = { type: 'fail', ...(form === 'message' ? { message: content } : { pattern: content }) };
      break;
    }
    const ofVector = vector.exec(row);
    if (ofVector !== null) {
      const parsed = parseTimes(ofVector[1], ofVector[2], ofVector[3]);
      if (parsed === undefined) return fail(`"${row}" has no times`);
      times = parsed;
      rangeVector = true;
    } else if (row.startsWith('expect string ')) text = unquote(row.slice('expect string '.length).trim());
    else if (/^expect\s/u.test(row)) {
      const [, type, form, content = ''] = expectation.exec(row) ?? [];
      if (type === undefined) return fail(`"${row}" is no expectation`);
      expectations.push({ type: type as ExpectationType, ...contentOf(form, content.trim()) });
    } else if (/^[+-]?(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|nan)$/iu.test(row)) {
      scalar = toNumber(row);
      break;
    } else {
      const parsed = parseSeries(row);
      if (!parsed.ok) return parsed;
      const key = labelKey(parsed.value.labels);
      rows.set(key, { ...parsed.value, position: rows.size + 1 });
    }
  }
  const command: EvalCommand = {
    kind: 'eval',
    line,
    expression: header.value.expression,
    range: header.value.range,
    ...times,
    rangeVector,
    expectations,
    rows: [...rows.values()],
    ...(scalar === undefined ? {} : { scalar }),
    ...(text === undefined ? {} : { text }),
  };
  return ok({ command, lines: read });
}

/** One text for equal labels. */
export function labelKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

interface Times {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}
interface Header {
  readonly expression: string;
  readonly range: boolean;
  readonly times: Times;
  readonly legacy: ExpectationType | undefined;
}

function parseHeader(text: string): Result<Header, string> {
  const ofInstant = instant.exec(text);
  if (ofInstant !== null) {
    const atMs = parseScriptDuration(ofInstant[2] ?? '0');
    if (atMs === undefined) return fail(`"${ofInstant[2] ?? ''}" is no time`);
    const times = { startMs: atMs, endMs: atMs, stepMs: 0 };
    return ok({
      expression: ofInstant[3] ?? '',
      range: false,
      times,
      legacy: ofInstant[1] as ExpectationType | undefined,
    });
  }
  const ofRange = range.exec(text);
  const times = ofRange === null ? undefined : parseTimes(ofRange[2], ofRange[3], ofRange[4]);
  if (ofRange === null || times === undefined) return fail(`"${text}" is no command`);
  return ok({ expression: ofRange[5] ?? '', range: true, times, legacy: ofRange[1] as ExpectationType | undefined });
}

function parseTimes(from = '', to = '', step = ''): Times | undefined {
  const startMs = parseScriptDuration(from);
  const endMs = parseScriptDuration(to);
  const stepMs = parseScriptDuration(step);
  if (startMs === undefined || endMs === undefined || stepMs === undefined) return undefined;
  return { startMs, endMs, stepMs };
}

function contentOf(form: string | undefined, content: string): { message?: string; pattern?: string } {
  if (form === undefined) return {};
  return form === 'msg' ? { message: content } : { pattern: content };
}

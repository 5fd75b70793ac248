import { fail, ok, type Result } from '@sightline/base';
import { parseScriptDuration } from './script-duration.ts';
import { labelKey, parseEval } from './parse-eval.ts';
import { parseStartLine } from './start-line.ts';
import type { LoadCommand, ScriptCommand, ScriptSeries } from './script.ts';
import { parseSeries } from './series-notation.ts';

/**
 * A promqltest script: `clear`, `load` and `eval` commands with what they expect
 * (https://github.com/prometheus/prometheus/blob/main/promql/promqltest/README.md). The error names the line.
 */
export function parseScript(text: string): Result<ScriptCommand[], string> {
  const lines = text.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()));
  const commands: ScriptCommand[] = [];
  let at = 0;
  while (at < lines.length) {
    const first = lines[at] ?? '';
    if (first === '') {
      at++;
      continue;
    }
    let end = at + 1;
    while (end < lines.length && lines[end] !== '') end++;
    // `clear` stands alone; what follows it in the next line is a command of its own.
    if (/^clear\b/iu.test(first)) {
      commands.push({ kind: 'clear', line: at + 1 });
      at++;
      continue;
    }
    const block = lines.slice(at, end);
    const parsed = /^load/iu.test(first) ? parseLoad(block, at + 1) : parseEval(block, at + 1);
    if (!parsed.ok) return fail(`line ${at + 1}: ${parsed.error}`);
    commands.push(parsed.value.command);
    at += parsed.value.lines;
  }
  return ok(commands);
}

function parseLoad(block: readonly string[], line: number): Result<{ command: LoadCommand; lines: number }, string> {
  const [, custom, step = ''] = /^load(_with_nhcb)?\s+(\S+)$/u.exec(block[0] ?? '') ?? [];
  const stepMs = parseScriptDuration(step);
  if (stepMs === undefined) return fail(`"${block[0] ?? ''}" is no load command`);
  const series = new Map<string, ScriptSeries>();
  let starts: { readonly metric: string; readonly offsets: readonly (number | undefined)[] } | undefined;
  for (const text of block.slice(1)) {
    const start = parseStartLine(text);
    if (start !== undefined) {
      if (!start.ok) return start;
      starts = start.value;
      continue;
    }
    const parsed = parseSeries(text);
    if (!parsed.ok) return parsed;
    if (starts !== undefined && starts.offsets.length !== parsed.value.values.length)
      return fail(`the @st line has ${starts.offsets.length} values, the line below it ${parsed.value.values.length}`);
    series.set(labelKey(parsed.value.labels), {
      ...parsed.value,
      ...(starts === undefined ? {} : { startOffsets: starts.offsets }),
    });
    starts = undefined;
  }
  if (starts !== undefined) return fail('an @st line has no series below it');
  const command = { kind: 'load', line, stepMs, withCustomBuckets: custom !== undefined } as const;
  return ok({ command: { ...command, series: [...series.values()] }, lines: block.length });
}

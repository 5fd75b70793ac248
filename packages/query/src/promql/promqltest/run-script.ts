import { fail, ok, type Result } from '@sightline/base';
import type { Answer, QueryValue } from '../metric-engine.ts';
import { compareAnswer, compareFailure, type HistogramForm } from './compare-answer.ts';
import { seriesOf, type LoadedSeries } from './load-series.ts';
import { parseScript } from './parse-script.ts';
import type { EvalCommand } from './script.ts';

/** What a script is run against: something that keeps samples and answers queries. A failure is its message. */
export interface ScriptTarget<Histogram> {
  readonly histograms: HistogramForm<Histogram>;
  /** Forgets every sample. */
  clear(): Promise<void>;
  load(series: readonly LoadedSeries[]): Promise<void>;
  instant(expression: string, atMs: number): Promise<Result<Answer<Histogram>, string>>;
  range(expression: string, startMs: number, endMs: number, stepMs: number): Promise<Result<Answer<Histogram>, string>>;
}

export interface Evaluation {
  readonly line: number;
  readonly expression: string;
  /** True where native histograms are read or expected. */
  readonly histograms: boolean;
  /** True where the hint of a counter reset is expected: not every form of a histogram shows it. */
  readonly hints: boolean;
  /** `undefined` when the answer is the expected one. */
  readonly difference: string | undefined;
}

/** Runs a script from an empty store. The error says what of the script is not understood or could not be loaded. */
export async function runScript<H>(text: string, target: ScriptTarget<H>): Promise<Result<Evaluation[], string>> {
  const script = parseScript(text);
  if (!script.ok) return script;
  const evaluations: Evaluation[] = [];
  const natives = new Set<string>();
  await target.clear();
  for (const command of script.value) {
    if (command.kind === 'clear') {
      await target.clear();
      natives.clear();
    } else if (command.kind === 'load') {
      const series = seriesOf(command);
      if (!series.ok) return fail(`line ${command.line}: ${series.error}`);
      await target.load(series.value);
      for (const { labels, columns } of series.value)
        if (columns.histograms !== undefined) natives.add(labels['__name__'] ?? '');
    } else {
      const { line, expression } = command;
      const expected = command.rows.flatMap(({ values }) => values.filter(({ kind }) => kind === 'histogram'));
      const difference = await differenceOf(command, target);
      const read = (expression.match(/[\w:.]+/gu) ?? []).some((word) => natives.has(word));
      evaluations.push({
        line,
        expression,
        histograms: expected.length > 0 || read,
        hints: expected.some((value) => value.kind === 'histogram' && value.hintGiven),
        difference,
      });
    }
  }
  return ok(evaluations);
}

async function differenceOf<H>(command: EvalCommand, target: ScriptTarget<H>): Promise<string | undefined> {
  const { expression, startMs, endMs, stepMs } = command;
  const answer = command.range
    ? await target.range(expression, startMs, endMs, stepMs)
    : await target.instant(expression, endMs);
  if (!answer.ok) return compareFailure(command, answer.error);
  const difference = compareAnswer(command, answer.value, target.histograms);
  return difference ?? (command.range ? undefined : inRangeMode(command, answer.value.value, target));
}

/** An instant query answers what the step in the middle of a range query answers. */
async function inRangeMode<H>(
  command: EvalCommand,
  value: QueryValue<H>,
  target: ScriptTarget<H>,
): Promise<string | undefined> {
  const contextual = /\b(?:start|end|range|step)\(\)/u.test(command.expression);
  const ordered = command.expectations.some(({ type }) => type === 'ordered');
  if (contextual || ordered || value.type === 'string' || value.type === 'matrix') return undefined;
  const { endMs: atMs } = command;
  const answer = await target.range(command.expression, atMs - 60_000, atMs + 60_000, 60_000);
  if (!answer.ok) return `as a range query: ${answer.error}`;
  const middle = atInstant(answer.value.value, atMs, value.type);
  const difference = compareAnswer(
    { ...command, expectations: [] },
    { ...answer.value, value: middle },
    target.histograms,
  );
  return difference === undefined ? undefined : `as a range query: ${difference}`;
}

function atInstant<H>(value: QueryValue<H>, atMs: number, type: 'scalar' | 'vector'): QueryValue<H> {
  if (value.type !== 'matrix') return value;
  const samples = value.series.flatMap(({ labels, floats, histograms }) => {
    const at = floats.times.indexOf(atMs);
    if (at >= 0) return [{ labels, value: floats.values[at] ?? Number.NaN }];
    const found = histograms.find((one) => one.atMs === atMs);
    return found === undefined ? [] : [{ labels, value: Number.NaN, histogram: found.histogram }];
  });
  if (type === 'scalar') return { type, atMs, value: samples[0]?.value ?? Number.NaN };
  return { type, atMs, samples };
}

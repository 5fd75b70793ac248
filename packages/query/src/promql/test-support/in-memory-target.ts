import { fail, type Result } from '@sightline/base';
import { evaluatePromql, type EvaluateOptions } from '../evaluate/evaluate-promql.ts';
import type { Answer } from '../metric-engine.ts';
import { parsePromql } from '../parse/parse.ts';
import type { LoadedSeries } from '../promqltest/load-series.ts';
import type { ScriptTarget } from '../promqltest/run-script.ts';
import { InMemorySource } from './in-memory-source.ts';

/** promqltest scripts against the evaluator over samples in memory. */
export class InMemoryTarget implements ScriptTarget {
  readonly source = new InMemorySource();

  async clear(): Promise<void> {
    this.source.series.length = 0;
    await Promise.resolve();
  }

  async load(series: readonly LoadedSeries[]): Promise<void> {
    for (const { labels, columns } of series) this.source.append(labels, columns);
    await Promise.resolve();
  }

  instant(expression: string, atMs: number): Promise<Result<Answer, string>> {
    return this.#evaluate({ text: expression, startMs: atMs, endMs: atMs, stepMs: 0 });
  }

  range(expression: string, startMs: number, endMs: number, stepMs: number): Promise<Result<Answer, string>> {
    return this.#evaluate({ text: expression, startMs, endMs, stepMs });
  }

  async #evaluate(options: EvaluateOptions): Promise<Result<Answer, string>> {
    const parsed = parsePromql(options.text);
    if (!parsed.ok) return fail(parsed.error.message);
    const answer = await evaluatePromql(parsed.value, options, this.source);
    return answer.ok ? answer : fail(answer.error.message);
  }
}

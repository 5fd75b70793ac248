/** For tests and tools: promqltest scripts, the notation of series, and samples in memory to run them against. */
export { formatTestHistogram } from './histogram/format.ts';
export { type LoadedSeries, seriesOf } from './promqltest/load-series.ts';
export { almostEqual } from './promqltest/almost-equal.ts';
export type { HistogramForm } from './promqltest/compare-answer.ts';
export { labelKey } from './promqltest/parse-eval.ts';
export { type Evaluation, runScript, type ScriptTarget } from './promqltest/run-script.ts';
export { parseLabels, parseSeries, parseValues } from './promqltest/series-notation.ts';
export { InMemoryTarget } from './test-support/in-memory-target.ts';
export { InMemoryEngine, type Samples } from './test-support/in-memory-engine.ts';

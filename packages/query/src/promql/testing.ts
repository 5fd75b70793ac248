/** For tests and tools: promqltest scripts and what they run against. */
export { type Evaluation, runScript, type ScriptTarget } from './promqltest/run-script.ts';
export type { LoadedSeries } from './promqltest/load-series.ts';
export { InMemoryTarget } from './test-support/in-memory-target.ts';
export { InMemoryEngine, type Samples } from './test-support/in-memory-engine.ts';

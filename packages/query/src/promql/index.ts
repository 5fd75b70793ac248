export * from './ast.ts';
export * from './source.ts';
export * from './metric-engine.ts';
export { unavailableMetrics } from './unavailable-engine.ts';
export * from './histogram/float-histogram.ts';

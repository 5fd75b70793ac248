/** The metric store: see ARCHITECTURE.md. */
export type { MetricEngine } from '@sightline/query/promql';
export { blockMs, blockStartOf } from './block.ts';
export { appendChunk, encodeChunk } from './chunk/chunk.ts';
export { SampleBuffer } from './chunk/sample-buffer.ts';
export { openHead, type HeadOptions, type MetricHead } from './head/open-head.ts';

export { compilePipelines, type PipelineFault } from './compile-pipelines.ts';
export { readPipelineCounts } from './pipeline-counts.ts';
export { refusedExpression, tryPipeline } from './try-pipeline.ts';

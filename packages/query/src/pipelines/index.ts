export { compilePipelines, type CompiledPipelines, type PipelineFault } from './compile-pipelines.ts';
export { grokPatterns } from './grok-patterns.ts';

export * from './ast.ts';
export * from './source.ts';
export * from './metric-engine.ts';
export * from './histogram/float-histogram.ts';
export { KernelNotes } from './kernels/kernel.ts';
export { runKernel, runKernelInto } from './kernels/run-kernel.ts';
export { GroupReduction, type GroupPart } from './reduce/group-reduction.ts';
export { accumulate } from './reduce/partial.ts';

export * from './ast.ts';
export * from './source.ts';
export * from './metric-engine.ts';
export * from './histogram/float-histogram.ts';
export * from './parse/parse.ts';
export { typeOf } from './parse/check.ts';
export { functions, type FunctionSignature } from './parse/functions.ts';

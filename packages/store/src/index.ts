export type { ParameterValue, QueryLimits, TelemetryReader, TelemetryStore, TelemetryWriter } from './port/index.ts';
export { StoreError } from './port/index.ts';

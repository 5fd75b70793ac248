/**
 * Writing OTLP protobuf by hand, without the rest of this package: the site's agent makes its own metrics with it and must
 * stay small.
 */
export { writeAttributes, type AttributeValue } from './any-value.ts';
export { LogsRequestBuilder } from './build-logs.ts';
export { ProtobufWriter } from './protobuf-writer.ts';

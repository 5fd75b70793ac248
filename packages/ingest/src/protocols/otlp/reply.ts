import { ProtobufWriter } from '../../otlp/protobuf-writer.ts';
import type { Ending, ProtocolReply, Refusal } from '../../protocol.ts';

/** Canonical codes of gRPC (https://grpc.io/docs/guides/status-codes/) by HTTP status. */
const codes: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14 };

/** gRPC's code for an HTTP status that a request was refused with. */
export function grpcCode(status: number): number {
  return codes[status] ?? 2;
}

/** What the response of a signal calls its rejected records in JSON. */
const rejectedNames: Readonly<Record<string, string>> = {
  logs: 'rejectedLogRecords',
  spans: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
};

/** OTLP's answers over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response), in the request's own encoding. */
export function otlpReply(signal: string, ending: Ending, contentType: string): ProtocolReply {
  const json = contentType === 'application/json';
  const headers = { 'content-type': json ? 'application/json' : 'application/x-protobuf' };
  if (ending.kind === 'refused') {
    const { status, message } = ending;
    const body = json ? JSON.stringify({ code: grpcCode(status), message }) : rpcStatus(grpcCode(status), message);
    return { status, headers, body };
  }
  if (json) return { status: 200, headers, body: JSON.stringify(partialJson(signal, ending.refused)) };
  return { status: 200, headers, body: partialSuccess(ending.refused) };
}

/** The response message of an export: empty when all was taken. */
export function partialSuccess(refused: readonly Refusal[]): Buffer {
  const writer = new ProtobufWriter(64);
  if (refused.length > 0) {
    const opened = writer.open(1);
    writer.integer(1, rejected(refused));
    writer.string(2, messageOf(refused));
    writer.close(opened);
  }
  return writer.finish();
}

function partialJson(signal: string, refused: readonly Refusal[]): object {
  if (refused.length === 0) return {};
  const name = rejectedNames[signal] ?? 'rejected';
  return { partialSuccess: { [name]: String(rejected(refused)), errorMessage: messageOf(refused) } };
}

/** A google.rpc.Status, with RetryInfo when the client shall come again. */
export function rpcStatus(code: number, message: string, retryAfterS?: number): Buffer {
  const writer = new ProtobufWriter(128);
  writer.integer(1, code);
  writer.string(2, message);
  if (retryAfterS !== undefined) {
    const details = writer.open(3);
    writer.string(1, 'type.googleapis.com/google.rpc.RetryInfo');
    const info = writer.open(2);
    const delay = writer.open(1);
    writer.integer(1, Math.ceil(retryAfterS));
    writer.close(delay);
    writer.close(info);
    writer.close(details);
  }
  return writer.finish();
}

function rejected(refused: readonly Refusal[]): number {
  return refused.reduce((sum, { records }) => sum + records, 0);
}

function messageOf(refused: readonly Refusal[]): string {
  return refused.map(({ message }) => message).join('; ');
}

import {
  Metadata,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type status,
} from '@grpc/grpc-js';
import type { Ending, GrpcMethod, Protocol } from './protocol.ts';
import { grpcCode, rpcStatus } from './protocols/otlp/reply.ts';
import { defaultReceiveLimits, receiveRequest, type ReceiverParts } from './receive.ts';

/** A running gRPC server. */
export interface GrpcServer {
  readonly port: number;
  /** Lets calls under way end, for at most two seconds. */
  close(): Promise<void>;
}

const stopWithinMs = 2000;

/**
 * The gRPC methods of all protocols (OTLP: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc) on a port of their own (0 picks one). Messages pass as
 * bytes, into the same path as HTTP. Rejects when the port is taken.
 */
export async function startGrpc(
  parts: ReceiverParts,
  address: { readonly host: string; readonly port: number },
): Promise<GrpcServer> {
  const server = new Server({
    'grpc.max_receive_message_length': parts.limits?.bodyBytes ?? defaultReceiveLimits.bodyBytes,
    'grpc.max_concurrent_streams': 256,
    'grpc.keepalive_time_ms': 60_000,
  });
  for (const protocol of parts.protocols) {
    for (const method of protocol.grpc ?? []) {
      server.addService(definition(method), { unary: handler(parts, protocol, method) });
    }
  }
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${address.port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return { port, close: () => stop(server) };
}

function definition({ service, method }: GrpcMethod): Parameters<Server['addService']>[0] {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    unary: {
      path: `/${service}/${method}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  };
}

function handler(parts: ReceiverParts, protocol: Protocol, method: GrpcMethod) {
  let inFlightBytes = 0;
  const limitBytes = parts.limits?.inFlightBytes ?? defaultReceiveLimits.inFlightBytes;
  return (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>): void => {
    const size = call.request.length;
    if (inFlightBytes + size > limitBytes) {
      const message = 'too many requests are under way';
      const ending = { kind: 'refused', status: 429, reason: 'rate-limited', message, retryAfterS: 1 } as const;
      answer(parts, protocol, method, ending, reply);
      return;
    }
    inFlightBytes += size;
    const request = {
      method: 'POST',
      params: {},
      query: new URLSearchParams(),
      headers: headersOf(call.metadata),
      contentType: 'application/x-protobuf',
      body: call.request,
      receivedAtMs: parts.clock.now(),
    };
    void receiveRequest(parts, protocol, method.endpoint, request).then(({ ending }) => {
      inFlightBytes -= size;
      answer(parts, protocol, method, ending, reply);
    });
  };
}

/** gRPC unzips by itself: its coding headers are not the body's any more. */
function headersOf(metadata: Metadata): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(metadata.getMap())) {
    if (typeof value === 'string' && name !== 'content-encoding') headers[name] = value;
  }
  return headers;
}

function answer(
  parts: ReceiverParts,
  protocol: Protocol,
  method: GrpcMethod,
  ending: Ending,
  reply: sendUnaryData<Buffer>,
): void {
  if (ending.kind === 'stored') {
    parts.ledger.answered(protocol.name, 200);
    reply(null, method.reply(ending.refused));
    return;
  }
  const { message, retryAfterS } = ending;
  parts.ledger.answered(protocol.name, ending.status);
  const code = grpcCode(ending.status);
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', rpcStatus(code, message, retryAfterS));
  // The codes are gRPC's own; the library's enumeration only names them.
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
  reply({ code: code as status, details: message, metadata });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), stopWithinMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

import { registerIngest, type ReceiverParts, startGrpc } from '@sightline/ingest';
import type { Closers } from '../closers.ts';
import type { Config } from '../config.ts';
import { newHttpServer } from '../http-server.ts';

/** The ports that OTLP exporters try first. Another program may hold them: then it is said, and the main port serves. */
export async function openOtlpPorts(config: Config, parts: ReceiverParts, closers: Closers): Promise<string[]> {
  const said: string[] = [];
  const ports = config.otlpPorts;
  if (!ports) return said;
  try {
    const grpc = await startGrpc(parts, { host: config.host, port: ports.grpc });
    closers.add('OTLP over gRPC', () => grpc.close());
    said.push(`gRPC on port ${grpc.port}`);
  } catch {
    said.push(`gRPC not available: port ${ports.grpc} is taken by another program (--otlp-ports chooses others)`);
  }
  const http = newHttpServer(config);
  try {
    await registerIngest(http, parts);
    await http.listen({ host: config.host, port: ports.http });
    closers.add('OTLP over HTTP', () => http.close());
    said.push(`HTTP on port ${ports.http}`);
  } catch {
    await http.close();
    said.push(`port ${ports.http} is taken by another program; send OTLP over HTTP to the main port`);
  }
  return said;
}

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Protocol, ProtocolEndpoint } from './protocol.ts';
import { BodyReader, preflightHeaders, receiveRead, wireLimit } from './receive-http.ts';
import type { ReceiverParts } from './receive.ts';

interface Route {
  readonly protocol: Protocol;
  readonly endpoint: ProtocolEndpoint;
}

const json = { 'content-type': 'application/json' };

/**
 * The endpoints of the protocols as a listener of Node's own HTTP server, answered as `registerIngest` answers: for a
 * program that must stay small. Refuses protocols whose paths have parameters.
 */
export function ingestListener(parts: ReceiverParts): RequestListener {
  const routes = new Map<string, Route[]>();
  for (const protocol of parts.protocols) {
    for (const endpoint of protocol.endpoints) {
      if (/[:*]/.test(endpoint.path)) throw new Error(`the path ${endpoint.path} has parameters`);
      routes.set(endpoint.path, [...(routes.get(endpoint.path) ?? []), { protocol, endpoint }]);
    }
  }
  const bodies = new BodyReader(parts);
  return (message, reply) => {
    const { pathname } = URL.parse(message.url ?? '/', 'http://localhost') ?? { pathname: '' };
    const there = routes.get(pathname) ?? [];
    const route = there.find(({ endpoint }) => endpoint.method === message.method);
    if (route) return void take(parts, bodies, route, message, reply);
    const open = there.map(({ endpoint }) => endpoint).filter(({ cors }) => cors);
    message.resume();
    if (message.method === 'OPTIONS' && open.length > 0)
      reply.writeHead(204, preflightHeaders(open, message.headers)).end();
    else reply.writeHead(404, json).end('{"message":"There is nothing here.","statusCode":404}');
  };
}

async function take(
  parts: ReceiverParts,
  bodies: BodyReader,
  { protocol, endpoint }: Route,
  message: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  try {
    const body = await bodies.read(message, wireLimit(parts, endpoint));
    const { status, headers, body: said } = await receiveRead(parts, protocol, endpoint, message, {}, body);
    if (!reply.destroyed) reply.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(said) }).end(said);
  } catch (error) {
    // A client that went away while it was read to is nobody to answer; anything else is a fault of ours.
    if (message.destroyed || reply.destroyed) return;
    parts.logger.error('a request was not received', { protocol: protocol.name, path: endpoint.path, error });
    if (reply.headersSent) reply.destroy();
    else reply.writeHead(500, json).end('{"message":"internal error","statusCode":500}');
  } finally {
    bodies.release(message);
  }
}

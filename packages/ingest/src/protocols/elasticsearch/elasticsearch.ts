import { findKey } from '../../find-key.ts';
import { defineProtocol, type ProtocolEndpoint, type ProtocolRequest } from '../../protocol.ts';
import { checkBulk, checkDocument } from './bulk.ts';
import { GivenIds } from './given-ids.ts';
import { handshakeEndpoints } from './handshake.ts';
import { writtenReply } from './replies.ts';
import { ResentDocuments } from './resent-documents.ts';

const prefix = '/elasticsearch';

/** `Authorization: ApiKey <base64 of id:key>`, where the key is ours and the id anything; else as in all protocols. */
export function elasticKey({ headers }: Omit<ProtocolRequest, 'scope'>): string | undefined {
  const coded = /^\s*apikey\s+(\S+)\s*$/i.exec(headers['authorization'] ?? '')?.[1];
  if (coded === undefined) return findKey(headers);
  const pair = Buffer.from(coded, 'base64').toString('latin1');
  const key = /^[\x21-\x7e]*?:([\x21-\x7e]+)$/.exec(pair)?.[1];
  return key ?? coded;
}

/** Of this process: a client tries again where it was refused. */
const resent = new ResentDocuments();
const given = new GivenIds();
const written = writtenReply(200);

const bulk = {
  contentTypes: [],
  signal: 'logs',
  cors: true,
  key: elasticKey,
  check: (request) => checkBulk(request, resent, given),
  reply: (ending, request) => {
    if (ending.kind === 'stored') {
      resent.stored(ending.frames);
      given.stored(ending.frames);
    }
    return written(ending, request);
  },
} as const satisfies Partial<ProtocolEndpoint>;

const createdReply = writtenReply(201);
const document = {
  ...bulk,
  check: (request) => checkDocument(request, given),
  reply: (ending, request) => {
    if (ending.kind === 'stored') given.stored(ending.frames);
    const isUpdate = ending.kind === 'stored' && ending.body?.includes('"result":"updated"') === true;
    return (isUpdate ? written : createdReply)(ending, request);
  },
} as const satisfies Partial<ProtocolEndpoint>;
const creation = {
  ...document,
  check: (request) => checkDocument(request, given, true),
} as const satisfies Partial<ProtocolEndpoint>;

export const elasticsearch = defineProtocol({
  name: 'elasticsearch',
  title: 'Elasticsearch',
  docs: 'Logs of Filebeat, Fluentd, Fluent Bit, Logstash, winston-elasticsearch and every other client of Elasticsearch: `_bulk` and single documents below `/elasticsearch`, with the handshake that they ask for. ECS names are understood. Indices, templates and policies need not exist. https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk',
  endpoints: [
    ...(['POST', 'PUT'] as const).flatMap((method) => [
      { ...bulk, method, path: `${prefix}/_bulk` },
      // rsyslog's omelasticsearch is told a server and a port, and no path.
      { ...bulk, method, path: '/_bulk' },
      { ...bulk, method, path: `${prefix}/:index/_bulk` },
      { ...document, method, path: `${prefix}/:index/_doc/:id` },
      { ...creation, method, path: `${prefix}/:index/_create/:id` },
    ]),
    { ...document, method: 'POST', path: `${prefix}/:index/_doc` },
    ...handshakeEndpoints(prefix, elasticKey),
  ],
  lanes: [],
});

import { hexId } from '../logs/log-row.ts';

/** How a field of a document stands in `logs`. */
export type ElasticField =
  | { readonly kind: 'date'; readonly sql: string; readonly name: string }
  | { readonly kind: 'text'; readonly sql: string; readonly name: string }
  | { readonly kind: 'keyword'; readonly sql: string; readonly name: string }
  /** An attribute of the record or its resource, under that name. */
  | { readonly kind: 'attribute'; readonly key: string; readonly name: string };

/** Texts of severity numbers. */
const level = `['', 'trace', 'debug', 'info', 'warn', 'error', 'fatal'][1 + if(severity > 24, 0, intDiv(severity + 3, 4))]`;
const ownId = `concat(toString(toUnixTimestamp64Nano(ts)), '-', lower(leftPad(hex(id), 16, '0')))`;
/** The id that its client gave a document, else one that begins with its time. */
const documentId = `if(attrs['elasticsearch.id'] != '', attrs['elasticsearch.id'], ${ownId})`;
/** Documents of these ids, which are bound already; those that clients gave are looked up in an index. */
export const hasId = (bound: readonly string[]): string =>
  `(${ownId} IN (${bound.join(', ')}) AND attrs['elasticsearch.id'] = '' OR hasAny(mapValues(attrs), [${bound.join(', ')}]) AND attrs['elasticsearch.id'] IN (${bound.join(', ')}))`;
/** Attributes that are no fields of a document. */
export const metaAttributes: ReadonlySet<string> = new Set(['elasticsearch.index', 'elasticsearch.id']);
/** Documents that came otherwise stand in the index `logs`. */
export const indexName = `if(attrs['elasticsearch.index'] = '', 'logs', attrs['elasticsearch.index'])`;

const known: Readonly<Record<string, { readonly kind: 'date' | 'text' | 'keyword'; readonly sql: string }>> = {
  '@timestamp': { kind: 'date', sql: 'ts' },
  'event.ingested': { kind: 'date', sql: 'received_at' },
  message: { kind: 'text', sql: 'body' },
  'log.level': { kind: 'keyword', sql: level },
  'service.name': { kind: 'keyword', sql: 'toString(service)' },
  'service.version': { kind: 'keyword', sql: 'toString(release)' },
  'service.environment': { kind: 'keyword', sql: 'toString(environment)' },
  'site.id': { kind: 'keyword', sql: 'toString(site)' },
  'device.id': { kind: 'keyword', sql: 'toString(device)' },
  'trace.id': { kind: 'keyword', sql: hexId('trace_id', 16) },
  'span.id': { kind: 'keyword', sql: hexId('span_id', 8) },
  'correlation.id': { kind: 'keyword', sql: 'correlation_id' },
  'event.name': { kind: 'keyword', sql: 'toString(event_name)' },
  'log.logger': { kind: 'keyword', sql: 'toString(scope_name)' },
  _id: { kind: 'keyword', sql: documentId },
  _index: { kind: 'keyword', sql: indexName },
};
const aliases: Readonly<Record<string, string>> = {
  timestamp: '@timestamp',
  body: 'message',
  msg: 'message',
  level: 'log.level',
  severity: 'log.level',
  service: 'service.name',
  environment: 'service.environment',
  'deployment.environment': 'service.environment',
  'deployment.environment.name': 'service.environment',
  site: 'site.id',
  store: 'site.id',
  'store.id': 'site.id',
  'labels.site': 'site.id',
  device: 'device.id',
  release: 'service.version',
  traceId: 'trace.id',
  trace_id: 'trace.id',
  spanId: 'span.id',
  span_id: 'span.id',
  correlationId: 'correlation.id',
  correlation_id: 'correlation.id',
};

/** What stands in columns, by name and type, for mappings. */
export const knownFields: readonly (readonly [name: string, type: 'date' | 'text' | 'keyword'])[] = Object.entries(
  known,
)
  .filter(([name]) => !name.startsWith('_'))
  .map(([name, { kind }]) => [name, kind]);

/** The field of that name; `.keyword` behind it means the same, unanalysed. */
export function findField(given: string): ElasticField {
  const exact = given.endsWith('.keyword');
  const bare = exact ? given.slice(0, -8) : given;
  const name = aliases[bare] ?? bare;
  const column = Object.hasOwn(known, name) ? known[name] : undefined;
  if (!column) return { kind: 'attribute', key: bare, name: bare };
  return { ...column, kind: exact && column.kind === 'text' ? 'keyword' : column.kind, name };
}

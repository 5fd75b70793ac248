import type { Checked, Ending, ProtocolEndpoint, ProtocolReply, ProtocolRequest } from '../../protocol.ts';
import { fault, json } from './replies.ts';

type BareRequest = Omit<ProtocolRequest, 'scope'>;

/** The version that we answer with: clients refuse to talk to a server that is older than they are. */
const version = '9.5.1';
const uuid = 'sightline';
const acknowledged = { acknowledged: true };

const nothingToStore: Checked = { kind: 'accept', frames: [], refused: [] };

type Answer = (request: BareRequest) => object;

const name = ({ params }: BareRequest): string => params['name'] ?? '*';

/** What clients ask before they send. What they would set up is said to be there: logs need no index, template or policy. */
const asked: readonly (readonly [path: string, answer: Answer])[] = [
  [
    '/',
    () => ({
      name: 'sightline',
      cluster_name: 'sightline',
      cluster_uuid: uuid,
      version: {
        number: version,
        build_flavor: 'default',
        build_type: 'docker',
        build_hash: 'unknown',
        build_date: '2026-01-01T00:00:00.000Z',
        build_snapshot: false,
        lucene_version: '10.3.0',
        minimum_wire_compatibility_version: '8.19.0',
        minimum_index_compatibility_version: '8.0.0',
      },
      tagline: 'You Know, for Search',
    }),
  ],
  [
    '/_license',
    () => ({ license: { status: 'active', uid: uuid, type: 'basic', issued_to: 'sightline', issuer: 'sightline' } }),
  ],
  [
    '/_xpack',
    () => ({
      build: {},
      license: { uid: uuid, type: 'basic', mode: 'basic', status: 'active' },
      features: { ilm: { available: true, enabled: true }, security: { available: true, enabled: true } },
    }),
  ],
  ['/_cluster/health', health],
  ['/_cluster/health/:name', health],
  ['/_nodes', nodes],
  ['/_nodes/http', nodes],
  ['/_nodes/_all/http', nodes],
  [
    '/_index_template/:name',
    (request) => ({
      index_templates: [{ name: name(request), index_template: { index_patterns: [], composed_of: [] } }],
    }),
  ],
  [
    '/_template/:name',
    (request) => ({ [name(request)]: { order: 0, index_patterns: [], settings: {}, mappings: {} } }),
  ],
  [
    '/_component_template/:name',
    (request) => ({ component_templates: [{ name: name(request), component_template: { template: {} } }] }),
  ],
  ['/_ilm/policy/:name', (request) => ({ [name(request)]: { version: 1, policy: { phases: {} } } })],
  ['/_ingest/pipeline/:name', (request) => ({ [name(request)]: { processors: [] } })],
  [
    '/_data_stream/:name',
    (request) => ({
      data_streams: [{ name: name(request), timestamp_field: { name: '@timestamp' }, status: 'GREEN' }],
    }),
  ],
  ['/_alias/:name', (request) => ({ [name(request)]: { aliases: { [name(request)]: { is_write_index: true } } } })],
];

/** What clients set up: acknowledged, and without effect. */
const setUp: readonly (readonly [method: 'PUT' | 'POST', path: string, answer: object])[] = [
  ['PUT', '/_index_template/:name', acknowledged],
  ['POST', '/_index_template/:name', acknowledged],
  ['PUT', '/_template/:name', acknowledged],
  ['PUT', '/_component_template/:name', acknowledged],
  ['PUT', '/_ilm/policy/:name', acknowledged],
  ['PUT', '/_ingest/pipeline/:name', acknowledged],
  ['PUT', '/_data_stream/:name', acknowledged],
  ['PUT', '/:index/_alias/:name', acknowledged],
  ['PUT', '/:index', { ...acknowledged, shards_acknowledged: true }],
  ['POST', '/:index/_refresh', { _shards: { total: 1, successful: 1, failed: 0 } }],
];

function health(): object {
  return {
    cluster_name: 'sightline',
    status: 'green',
    timed_out: false,
    number_of_nodes: 1,
    number_of_data_nodes: 1,
    active_primary_shards: 1,
    active_shards: 1,
    relocating_shards: 0,
    initializing_shards: 0,
    unassigned_shards: 0,
    delayed_unassigned_shards: 0,
    number_of_pending_tasks: 0,
    number_of_in_flight_fetch: 0,
    task_max_waiting_in_queue_millis: 0,
    active_shards_percent_as_number: 100,
  };
}

/** One node: the address that the client came by. */
function nodes({ headers }: BareRequest): object {
  const address = headers['host'] ?? 'localhost';
  const node = { name: 'sightline', host: address, ip: address, version, roles: ['data', 'ingest', 'master'] };
  return {
    _nodes: { total: 1, successful: 1, failed: 0 },
    cluster_name: 'sightline',
    nodes: { sightline: { ...node, http: { publish_address: address } } },
  };
}

function replyOf(answer: Answer): (ending: Ending, request: BareRequest) => ProtocolReply {
  return (ending, request) =>
    ending.kind === 'refused'
      ? fault(ending.status, ending.message, request)
      : json(200, JSON.stringify(answer(request)), request);
}

/** Endpoints of the handshake under `prefix`; HEAD is answered wherever GET is. */
export function handshakeEndpoints(
  prefix: string,
  key: NonNullable<ProtocolEndpoint['key']>,
): readonly ProtocolEndpoint[] {
  const endpoint = (method: ProtocolEndpoint['method'], path: string, answer: Answer): ProtocolEndpoint => ({
    method,
    path: `${prefix}${path}`,
    contentTypes: [],
    signal: 'logs',
    bodyLimitBytes: 4 * 1024 * 1024,
    // Whoever only searches asks too.
    anyKey: method === 'GET',
    key,
    check: () => nothingToStore,
    reply: replyOf(answer),
  });
  return [
    ...asked.flatMap(([path, answer]) => [
      endpoint('GET', path, answer),
      // Without the slash too: a client that was given the bare address asks there.
      ...(path === '/' ? [endpoint('GET', '', answer)] : []),
    ]),
    endpoint('GET', '/:index', (request) => {
      const index = request.params['index'] ?? '';
      return { [index]: { aliases: {}, mappings: {}, settings: {} } };
    }),
    ...setUp.map(([method, path, answer]) => endpoint(method, path, () => answer)),
  ];
}

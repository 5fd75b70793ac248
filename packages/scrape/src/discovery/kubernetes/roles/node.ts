import { hostPort, labelMap, meta, metadataOf } from '../meta-labels.ts';
import type { KubeNode } from '../objects.ts';
import { defineRole } from '../role.ts';

/** Which of a node's addresses is asked: the first kind that it has. */
const addressKinds = ['InternalIP', 'InternalDNS', 'ExternalIP', 'ExternalDNS', 'LegacyHostIP', 'Hostname'];

/** Each node at its kubelet's port. */
export const node = defineRole<KubeNode>({
  resource: { api: 'v1', plural: 'nodes', namespaced: false },
  readsPods: false,
  groupOf: ({ metadata, spec = {}, status = {} }) => {
    const { addresses = [], daemonEndpoints } = status;
    const first = new Map<string, string>();
    for (const { type, address } of addresses) if (!first.has(type)) first.set(type, address);
    const host = addressKinds.map((kind) => first.get(kind)).find((address) => address !== undefined);
    const kinds = Object.fromEntries([...first].map(([type, address]) => [meta(`node_address_${type}`), address]));
    const port = daemonEndpoints?.kubeletEndpoint?.Port ?? 10_250;
    return {
      source: `node/${metadata.name}`,
      targets:
        host === undefined ? [] : [labelMap({ __address__: hostPort(host, port), instance: metadata.name, ...kinds })],
      labels: labelMap({
        [meta('node_name')]: metadata.name,
        [meta('node_provider_id')]: spec.providerID ?? '',
        ...metadataOf('node', metadata),
      }),
    };
  },
});

import { BackedTargets } from '../backed-targets.ts';
import { labelMap, type Labels, meta, metadataOf } from '../meta-labels.ts';
import { namespaceLabels } from '../node-labels.ts';
import type { EndpointSlice } from '../objects.ts';
import { defineRole } from '../role.ts';
import { serviceLabels } from '../service-labels.ts';

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];
type Port = NonNullable<EndpointSlice['ports']>[number];

/** Each address and port of each slice of a service's endpoints, and the further ports of the pods there. */
export const endpointslice = defineRole<EndpointSlice>({
  resource: { api: 'discovery.k8s.io/v1', plural: 'endpointslices', namespaced: true },
  readsPods: true,
  groupOf: (object, around) => {
    const { metadata, addressType = '', endpoints, ports } = object;
    const backed = new BackedTargets(around, metadata.namespace);
    for (const port of ports ?? [])
      for (const endpoint of endpoints ?? [])
        for (const host of endpoint.addresses ?? [])
          backed.add({ host, port: port.port, nodeName: endpoint.nodeName }, endpoint.targetRef, {
            [meta('endpointslice_address_type')]: addressType,
            ...portLabels(port),
            ...endpointLabels(endpoint),
          });
    return {
      source: `endpointslice/${metadata.namespace}/${metadata.name}`,
      targets: backed.all(),
      labels: labelMap(
        namespaceLabels(object, around.namespace(metadata.namespace)),
        { [meta('endpointslice_name')]: metadata.name },
        metadataOf('endpointslice', metadata),
        serviceLabels(around.service(metadata.namespace, metadata.labels?.['kubernetes.io/service-name'])),
      ),
    };
  },
});

const portLabels = ({ name, port, protocol, appProtocol }: Port): Labels => ({
  [meta('endpointslice_port_name')]: name,
  [meta('endpointslice_port_protocol')]: protocol,
  [meta('endpointslice_port')]: port === undefined ? undefined : String(port),
  [meta('endpointslice_port_app_protocol')]: appProtocol,
});

function endpointLabels({
  conditions,
  hostname,
  nodeName,
  zone,
  targetRef,
  deprecatedTopology = {},
}: Endpoint): Labels {
  const told = (value: boolean | undefined): string | undefined => (value === undefined ? undefined : String(value));
  const labels: Record<string, string | undefined> = {
    [meta('endpointslice_endpoint_conditions_ready')]: told(conditions?.ready),
    [meta('endpointslice_endpoint_conditions_serving')]: told(conditions?.serving),
    [meta('endpointslice_endpoint_conditions_terminating')]: told(conditions?.terminating),
    [meta('endpointslice_endpoint_hostname')]: hostname,
    [meta('endpointslice_endpoint_node_name')]: nodeName,
    [meta('endpointslice_endpoint_zone')]: zone,
    [meta('endpointslice_address_target_kind')]: targetRef?.kind,
    [meta('endpointslice_address_target_name')]: targetRef?.name,
  };
  for (const [name, value] of Object.entries(deprecatedTopology)) {
    const plain = name.replace(/[^a-zA-Z0-9_]/g, '_');
    labels[meta(`endpointslice_endpoint_topology_${plain}`)] = value;
    labels[meta(`endpointslice_endpoint_topology_present_${plain}`)] = 'true';
  }
  return labels;
}

import { BackedTargets } from '../backed-targets.ts';
import { labelMap, meta, metadataOf } from '../meta-labels.ts';
import { namespaceLabels } from '../node-labels.ts';
import type { EndpointAddress, Endpoints } from '../objects.ts';
import { defineRole } from '../role.ts';
import { serviceLabels } from '../service-labels.ts';

/** Each address and port behind each service, and the further ports of the pods there. */
export const endpoints = defineRole<Endpoints>({
  resource: { api: 'v1', plural: 'endpoints', namespaced: true },
  readsPods: true,
  groupOf: (object, around) => {
    const { metadata, subsets = [] } = object;
    const backed = new BackedTargets(around, metadata.namespace);
    for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets)
      for (const { name = '', port, protocol = 'TCP' } of ports) {
        const add = (ready: boolean) => (address: EndpointAddress) =>
          backed.add({ host: address.ip, port, nodeName: address.nodeName }, address.targetRef, {
            [meta('endpoint_port_name')]: name,
            [meta('endpoint_port_protocol')]: protocol,
            [meta('endpoint_ready')]: String(ready),
            [meta('endpoint_hostname')]: address.hostname,
            [meta('endpoint_node_name')]: address.nodeName,
            [meta('endpoint_address_target_kind')]: address.targetRef?.kind,
            [meta('endpoint_address_target_name')]: address.targetRef?.name,
          });
        addresses.forEach(add(true));
        notReadyAddresses.forEach(add(false));
      }
    return {
      source: `endpoints/${metadata.namespace}/${metadata.name}`,
      targets: backed.all(),
      labels: labelMap(
        namespaceLabels(object, around.namespace(metadata.namespace)),
        { [meta('endpoints_name')]: metadata.name },
        metadataOf('endpoints', metadata),
        serviceLabels(around.service(metadata.namespace, metadata.name)),
      ),
    };
  },
});

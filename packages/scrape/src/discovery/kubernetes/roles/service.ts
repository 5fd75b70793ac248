import { labelMap, meta } from '../meta-labels.ts';
import { namespaceLabels } from '../node-labels.ts';
import type { Service } from '../objects.ts';
import { defineRole } from '../role.ts';
import { serviceLabels } from '../service-labels.ts';

/** Each port of each service at its name in the cluster. */
export const service = defineRole<Service>({
  resource: { api: 'v1', plural: 'services', namespaced: true },
  readsPods: false,
  groupOf: (object, around) => {
    const { metadata, spec = {} } = object;
    const { type = 'ClusterIP' } = spec;
    const targets = (spec.ports ?? []).map((port) =>
      labelMap({
        __address__: `${metadata.name}.${metadata.namespace}.svc:${port.port}`,
        [meta('service_port_name')]: port.name ?? '',
        [meta('service_port_number')]: String(port.port),
        [meta('service_port_protocol')]: port.protocol ?? 'TCP',
        [meta('service_type')]: type,
        ...(type === 'ExternalName'
          ? { [meta('service_external_name')]: spec.externalName ?? '' }
          : { [meta('service_cluster_ip')]: spec.clusterIP ?? '' }),
        ...(type === 'LoadBalancer' && { [meta('service_loadbalancer_ip')]: spec.loadBalancerIP ?? '' }),
      }),
    );
    return {
      source: `svc/${metadata.namespace}/${metadata.name}`,
      targets,
      labels: labelMap(namespaceLabels(object, around.namespace(metadata.namespace)), serviceLabels(object)),
    };
  },
});

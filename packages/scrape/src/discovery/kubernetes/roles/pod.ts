import { hostPort, labelMap } from '../meta-labels.ts';
import { attachedNode, namespaceLabels } from '../node-labels.ts';
import type { Pod } from '../objects.ts';
import { containerLabels, containerPortLabels, containersOf, podLabels } from '../pod-labels.ts';
import { defineRole } from '../role.ts';

/** Each port of each container; a container without ports at the pod's address alone. */
export const pod = defineRole<Pod>({
  resource: { api: 'v1', plural: 'pods', namespaced: true },
  readsPods: false,
  groupOf: (object, around) => {
    const { metadata, spec = {}, status = {} } = object;
    const host = status.podIP ?? '';
    const targets = containersOf(object).flatMap(({ container, init }) => {
      const own = containerLabels(object, container, init);
      const ports = container.ports ?? [];
      if (ports.length === 0) return [labelMap({ __address__: host }, own)];
      return ports.map((port) =>
        labelMap({ __address__: hostPort(host, port.containerPort) }, own, containerPortLabels(port)),
      );
    });
    return {
      source: `pod/${metadata.namespace}/${metadata.name}`,
      // Before it has an address there is nothing to ask.
      targets: host === '' ? [] : targets,
      labels: labelMap(
        namespaceLabels(object, around.namespace(metadata.namespace)),
        podLabels(object),
        attachedNode(around.node(spec.nodeName)),
      ),
    };
  },
});

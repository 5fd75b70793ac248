import { type Labels, meta, metadataOf } from './meta-labels.ts';
import type { Container, Pod } from './objects.ts';

/** What every target of a pod gets. */
export function podLabels({ metadata, spec = {}, status = {} }: Pod): Labels {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown';
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return {
    [meta('pod_name')]: metadata.name,
    [meta('pod_ip')]: status.podIP ?? '',
    [meta('pod_ready')]: ready.toLowerCase(),
    [meta('pod_phase')]: status.phase ?? '',
    [meta('pod_node_name')]: spec.nodeName ?? '',
    [meta('pod_host_ip')]: status.hostIP ?? '',
    [meta('pod_uid')]: metadata.uid ?? '',
    ...(owner && { [meta('pod_controller_kind')]: owner.kind, [meta('pod_controller_name')]: owner.name }),
    ...metadataOf('pod', metadata),
  };
}

/** The containers of a pod, those that only set it up last. */
export function containersOf({ spec = {} }: Pod): readonly { readonly container: Container; readonly init: boolean }[] {
  return [
    ...(spec.containers ?? []).map((container) => ({ container, init: false })),
    ...(spec.initContainers ?? []).map((container) => ({ container, init: true })),
  ];
}

export function containerLabels(pod: Pod, container: Container, init: boolean): Labels {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const status = (init ? initContainerStatuses : containerStatuses).find(({ name }) => name === container.name);
  return {
    [meta('pod_container_name')]: container.name,
    [meta('pod_container_image')]: container.image ?? '',
    [meta('pod_container_id')]: status?.containerID ?? '',
    [meta('pod_container_init')]: String(init),
  };
}

export function containerPortLabels(port: NonNullable<Container['ports']>[number]): Labels {
  return {
    [meta('pod_container_port_name')]: port.name ?? '',
    [meta('pod_container_port_number')]: String(port.containerPort),
    [meta('pod_container_port_protocol')]: port.protocol ?? 'TCP',
  };
}

import { type Labels, meta, metadataOf } from './meta-labels.ts';
import type { KubeNode, ObjectOf } from './objects.ts';

/** What targets on a node get with `attach_metadata: { node: true }`. */
export function attachedNode(node: KubeNode | undefined): Labels {
  return node ? { [meta('node_name')]: node.metadata.name, ...metadataOf('node', node.metadata) } : {};
}

/** What objects of a namespace get: its name, and with `attach_metadata: { namespace: true }` its labels. */
export function namespaceLabels({ metadata }: ObjectOf, namespace: ObjectOf | undefined): Labels {
  return {
    [meta('namespace')]: metadata.namespace ?? '',
    ...(namespace ? metadataOf('namespace', namespace.metadata) : {}),
  };
}

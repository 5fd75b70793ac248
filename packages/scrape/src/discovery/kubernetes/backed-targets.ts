import { attachedNode } from './node-labels.ts';
import { hostPort, labelMap, type Labels } from './meta-labels.ts';
import type { Pod, TargetRef } from './objects.ts';
import { containerLabels, containerPortLabels, containersOf, podLabels } from './pod-labels.ts';
import type { Surroundings } from './role.ts';

interface Backed {
  readonly pod: Pod;
  readonly ports: Set<number>;
}

/**
 * Targets of a service's endpoints. What a pod stands behind gets the pod's labels and those of the container that has the port; the other ports of such pods
 * are found too, as targets of their own.
 */
export class BackedTargets {
  readonly #around: Surroundings;
  readonly #namespace: string | undefined;
  readonly #seen = new Map<string, Backed>();
  readonly #targets: ReadonlyMap<string, string>[] = [];

  constructor(around: Surroundings, namespace: string | undefined) {
    this.#around = around;
    this.#namespace = namespace;
  }

  add(
    address: { readonly host: string; readonly port: number | undefined; readonly nodeName: string | undefined },
    ref: TargetRef | undefined,
    labels: Labels,
  ): void {
    const { host, port, nodeName } = address;
    const pod = ref?.kind === 'Pod' ? this.#around.pod(ref.namespace ?? this.#namespace, ref.name) : undefined;
    const node = nodeName ?? pod?.spec?.nodeName ?? (ref?.kind === 'Node' ? ref.name : undefined);
    const own: Labels = {
      __address__: port === undefined ? host : hostPort(host, port),
      ...labels,
      ...attachedNode(this.#around.node(node)),
    };
    if (!pod) return void this.#targets.push(labelMap(own));
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    const backed = this.#seen.get(key) ?? { pod, ports: new Set() };
    this.#seen.set(key, backed);
    if (port !== undefined) backed.ports.add(port);
    const [behind] = containersOf(pod).flatMap(({ container, init }) =>
      (container.ports ?? [])
        .filter(({ containerPort }) => containerPort === port)
        .map((found) => ({ ...containerLabels(pod, container, init), ...containerPortLabels(found) })),
    );
    this.#targets.push(labelMap(own, podLabels(pod), behind ?? {}));
  }

  /** All of them, with the further ports of the pods. */
  all(): readonly ReadonlyMap<string, string>[] {
    const further = [...this.#seen.values()].flatMap(({ pod, ports }) => {
      const host = pod.status?.podIP ?? '';
      if (host === '') return [];
      return containersOf(pod).flatMap(({ container, init }) =>
        (container.ports ?? [])
          .filter(({ containerPort }) => !ports.has(containerPort))
          .map((port) =>
            labelMap(
              { __address__: hostPort(host, port.containerPort) },
              containerLabels(pod, container, init),
              containerPortLabels(port),
              podLabels(pod),
              attachedNode(this.#around.node(pod.spec?.nodeName)),
            ),
          ),
      );
    });
    return [...this.#targets, ...further];
  }
}

import type { TargetGroup } from '../../config/scrape-job.ts';
import type { KubeNode, ObjectOf, Pod, Service } from './objects.ts';

/** A kind of object, and where the API has it. */
export interface Resource {
  /** `v1` or `discovery.k8s.io/v1`. */
  readonly api: string;
  /** `pods`. */
  readonly plural: string;
  /** Nodes and namespaces are of the whole cluster. */
  readonly namespaced: boolean;
}

/** What a role may look up beside its own objects; undefined where it is not there or nobody asked for it. */
export interface Surroundings {
  readonly node: (name: string | undefined) => KubeNode | undefined;
  readonly namespace: (name: string | undefined) => ObjectOf | undefined;
  readonly service: (namespace: string | undefined, name: string | undefined) => Service | undefined;
  readonly pod: (namespace: string | undefined, name: string | undefined) => Pod | undefined;
}

/**
 * What is found of one kind of object. `groupOf` must be quick and keep nothing: it is asked for all objects whenever something changed. It must answer a group without targets,
 * rather than none, where an object has nothing to ask.
 */
export interface Role<T extends ObjectOf = ObjectOf> {
  readonly resource: Resource;
  /** Whether services and pods are read too. */
  readonly readsPods: boolean;
  readonly groupOf: (object: T, around: Surroundings) => TargetGroup;
}

/** As `Role`, whatever its objects are: they come from the API as they are. */
export function defineRole<T extends ObjectOf>(role: Role<T>): Role {
  return { ...role, groupOf: (object, around) => role.groupOf(object as T, around) };
}

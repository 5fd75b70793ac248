import { readFile } from 'node:fs/promises';
import type { Clock, Logger } from '@sightline/base';
import type { KubernetesDiscovery, KubernetesRole, TargetGroup } from '../../config/scrape-job.ts';
import { type AddressGuard, HttpClient } from '../../http/http-client.ts';
import type { KubeNode, ObjectOf, Pod, Service } from './objects.ts';
import type { Resource, Surroundings } from './role.ts';
import { allRoles } from './roles/all.ts';
import { WatchedObjects, type WatchParts } from './watched-objects.ts';

export interface KubernetesParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly guard: AddressGuard | undefined;
}

/** Changes are gathered for so long, as Prometheus does: a roll-out changes a pod many times. */
const settleMs = 5000;
const namespaces: Resource = { api: 'v1', plural: 'namespaces', namespaced: false };

/**
 * Finds the objects of one role until `signal` aborts, and tells their targets whenever they changed; at first when all of them are known, so that nothing seems
 * to be gone that was only not listed yet.
 */
export async function discoverKubernetes(
  discovery: KubernetesDiscovery,
  { clock, logger, guard }: KubernetesParts,
  found: (groups: readonly TargetGroup[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const client = new HttpClient(discovery.http, guard);
  const wake = { up: (): void => undefined, dirty: false };
  const changed = (): void => {
    wake.dirty = true;
    wake.up();
  };
  const parts: WatchParts = { client, apiServer: discovery.apiServer, clock, logger, signal, changed };
  const watches = new Watches(discovery, await namespacesOf(discovery, logger), parts);
  const running = watches.run();
  const role = allRoles[discovery.role];
  const around = watches.surroundings();
  signal.addEventListener('abort', () => wake.up(), { once: true });
  while (!signal.aborted) {
    if (!wake.dirty)
      await new Promise<void>((resolve) => {
        wake.up = resolve;
      });
    if (signal.aborted) break;
    if (watches.synced) {
      wake.dirty = false;
      found([...watches.own()].map((object) => role.groupOf(object, around)));
      await clock.sleep(settleMs, signal);
    } else {
      // Something is not listed yet; its list wakes us again.
      wake.dirty = false;
    }
  }
  await running;
  client.close();
}

/** '' is all of them. */
async function namespacesOf(
  { namespaces: named, ownNamespaceFile }: KubernetesDiscovery,
  logger: Logger,
): Promise<readonly string[]> {
  if (ownNamespaceFile === '') return named.length > 0 ? named : [''];
  const own = await readFile(ownNamespaceFile, 'utf8').catch(() => '');
  if (own.trim() === '')
    logger.error('own_namespace is not known: this server runs in no cluster', { file: ownNamespaceFile });
  return [...new Set([...named, own.trim()])].filter((name) => name !== '');
}

/** All kinds of objects that one discovery reads, each in each namespace. */
class Watches {
  readonly #byKind = new Map<KubernetesRole | 'namespace', readonly WatchedObjects[]>();
  readonly #role: KubernetesRole;

  constructor(discovery: KubernetesDiscovery, names: readonly string[], parts: WatchParts) {
    this.#role = discovery.role;
    const watch = (kind: KubernetesRole | 'namespace'): void => {
      const resource = kind === 'namespace' ? namespaces : allRoles[kind].resource;
      const selectors = discovery.selectors.filter(({ role }) => role === kind);
      const of = resource.namespaced ? names : [''];
      this.#byKind.set(
        kind,
        of.map((name) => new WatchedObjects(resource, name, selectors, parts)),
      );
    };
    watch(discovery.role);
    if (allRoles[discovery.role].readsPods) {
      watch('service');
      watch('pod');
    }
    const readsNodes = allRoles[discovery.role].readsPods || discovery.role === 'pod';
    if (discovery.attachNode && readsNodes) watch('node');
    if (discovery.attachNamespace && discovery.role !== 'node') watch('namespace');
  }

  get synced(): boolean {
    return [...this.#byKind.values()].flat().every(({ synced }) => synced);
  }

  async run(): Promise<void> {
    await Promise.all([...this.#byKind.values()].flat().map((watched) => watched.run()));
  }

  *own(): Iterable<ObjectOf> {
    for (const watched of this.#byKind.get(this.#role) ?? []) yield* watched.values();
  }

  surroundings(): Surroundings {
    const find = (kind: KubernetesRole | 'namespace', namespace: string | undefined, name: string | undefined) => {
      if (name === undefined) return undefined;
      for (const watched of this.#byKind.get(kind) ?? []) {
        const object = watched.find(namespace, name);
        if (object) return object;
      }
      return undefined;
    };
    return {
      node: (name) => (this.#role === 'node' ? undefined : (find('node', undefined, name) as KubeNode | undefined)),
      namespace: (name) => find('namespace', undefined, name),
      service: (namespace, name) => find('service', namespace, name) as Service | undefined,
      pod: (namespace, name) => find('pod', namespace, name) as Pod | undefined,
    };
  }
}

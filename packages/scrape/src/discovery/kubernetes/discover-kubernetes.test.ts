import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Clock, silentLogger, systemClock } from '@sightline/base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readScrapeConfig } from '../../config/read-config.ts';
import type { TargetGroup } from '../../config/scrape-job.ts';
import { startScraper } from '../../scraper.ts';
import { Cluster, type KubeObject } from '../../test-support/cluster.ts';
import { discoverKubernetes } from './discover-kubernetes.ts';

let cluster: Cluster;
let api: string;
const closers: (() => Promise<void> | void)[] = [];
beforeEach(async () => {
  cluster = new Cluster('geheim');
  api = await cluster.start();
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
  await cluster.close();
});

/** Waits are short, so that changes are gathered and failures tried again at once. */
const quick: Clock = {
  ...systemClock,
  now: () => systemClock.now(),
  sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 30), signal),
};

/** What a `kubernetes_sd_configs` entry finds, flat: each target with its group's labels, meta names without their prefix. */
function discoverBy(
  entry: string,
  access = `api_server: '${api}', bearer_token: geheim`,
): {
  readonly targets: () => Record<string, string>[];
  readonly rounds: () => number;
} {
  const config = readScrapeConfig(
    `scrape_configs: [{ job_name: k, kubernetes_sd_configs: [{ ${access}, ${entry} }] }]`,
    '/',
  );
  if (!config.ok) throw new Error(config.error);
  expect(config.value.warnings).toEqual([]);
  const discovery = config.value.jobs[0]?.discoveries[0];
  if (discovery?.kind !== 'kubernetes') throw new Error('no discovery');
  let groups: readonly TargetGroup[] = [];
  let rounds = 0;
  const stop = new AbortController();
  const parts = { clock: quick, logger: silentLogger, guard: undefined };
  const running = discoverKubernetes(discovery, parts, (found) => void ((groups = found), rounds++), stop.signal);
  closers.push(async () => {
    stop.abort();
    await running;
  });
  const plain = ([name, value]: [string, string]): [string, string] => [name.replace('__meta_kubernetes_', ''), value];
  return {
    targets: () =>
      groups.flatMap(({ targets, labels }) =>
        targets.map((target) => Object.fromEntries([...labels, ...target].map(plain))),
      ),
    rounds: () => rounds,
  };
}
const addresses = (found: ReturnType<typeof discoverBy>): string[] =>
  found
    .targets()
    .map((target) => target['__address__'] ?? '')
    .toSorted();
const until = (found: ReturnType<typeof discoverBy>, expected: string[]): Promise<void> =>
  expect.poll(() => addresses(found), { timeout: 8000 }).toEqual(expected);

const pod = (name: string, ip: string, more: Record<string, unknown> = {}): KubeObject => ({
  metadata: {
    name,
    namespace: 'shop',
    uid: `uid-${name}`,
    labels: { app: 'till', 'app.kubernetes.io/part-of': 'pos' },
    annotations: { 'prometheus.io/scrape': 'true' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'till-7', controller: true }],
    managedFields: [{ manager: 'kubectl' }],
    ...more,
  },
  spec: {
    nodeName: 'node-1',
    containers: [
      {
        name: 'till',
        image: 'till:1',
        ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }, { containerPort: 9000 }],
      },
      { name: 'side', image: 'side:1' },
    ],
    initContainers: [{ name: 'wait', image: 'wait:1' }],
  },
  status: {
    podIP: ip,
    hostIP: '10.0.0.1',
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ name: 'till', containerID: 'containerd://abc' }],
  },
});
const till = pod('till-1', '10.1.0.1');
const node: KubeObject = {
  metadata: { name: 'node-1', labels: { zone: 'a' } },
  spec: { providerID: 'aws:///i-1' },
  status: {
    addresses: [
      { type: 'Hostname', address: 'node-1.local' },
      { type: 'InternalIP', address: '10.0.0.1' },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
  },
};
const service: KubeObject = {
  metadata: { name: 'till', namespace: 'shop', labels: { team: 'pos' } },
  spec: { type: 'ClusterIP', clusterIP: '10.2.0.9', ports: [{ name: 'web', port: 80, protocol: 'TCP' }] },
};

describe('roles', () => {
  test('node', async () => {
    cluster.put('nodes', node);
    const found = discoverBy('role: node');
    await until(found, ['10.0.0.1:10250']);
    expect(found.targets()).toEqual([
      {
        __address__: '10.0.0.1:10250',
        instance: 'node-1',
        node_name: 'node-1',
        node_provider_id: 'aws:///i-1',
        node_label_zone: 'a',
        node_labelpresent_zone: 'true',
        node_address_InternalIP: '10.0.0.1',
        node_address_Hostname: 'node-1.local',
      },
    ]);
  });

  test('pod: each port of each container, with the labels of node and namespace where they are asked for', async () => {
    cluster.put('pods', till);
    cluster.put('pods', pod('waits', ''));
    cluster.put('nodes', node);
    cluster.put('namespaces', { metadata: { name: 'shop', labels: { tier: 'gold' } } });
    const found = discoverBy('role: pod, attach_metadata: { node: true, namespace: true }');
    await until(found, ['10.1.0.1', '10.1.0.1', '10.1.0.1:8080', '10.1.0.1:9000']);
    expect(found.targets()[0]).toEqual({
      __address__: '10.1.0.1:8080',
      namespace: 'shop',
      namespace_label_tier: 'gold',
      namespace_labelpresent_tier: 'true',
      pod_name: 'till-1',
      pod_ip: '10.1.0.1',
      pod_ready: 'true',
      pod_phase: 'Running',
      pod_node_name: 'node-1',
      pod_host_ip: '10.0.0.1',
      pod_uid: 'uid-till-1',
      pod_controller_kind: 'ReplicaSet',
      pod_controller_name: 'till-7',
      pod_label_app: 'till',
      pod_labelpresent_app: 'true',
      pod_label_app_kubernetes_io_part_of: 'pos',
      pod_labelpresent_app_kubernetes_io_part_of: 'true',
      pod_annotation_prometheus_io_scrape: 'true',
      pod_annotationpresent_prometheus_io_scrape: 'true',
      pod_container_name: 'till',
      pod_container_image: 'till:1',
      pod_container_id: 'containerd://abc',
      pod_container_init: 'false',
      pod_container_port_name: 'http',
      pod_container_port_number: '8080',
      pod_container_port_protocol: 'TCP',
      node_name: 'node-1',
      node_label_zone: 'a',
      node_labelpresent_zone: 'true',
    });
    expect(found.targets().map((each) => [each['pod_container_name'], each['pod_container_init']])).toEqual([
      ['till', 'false'],
      ['till', 'false'],
      ['side', 'false'],
      ['wait', 'true'],
    ]);
  });

  test('service', async () => {
    cluster.put('services', service);
    cluster.put('services', {
      metadata: { name: 'bank', namespace: 'shop' },
      spec: { type: 'ExternalName', externalName: 'bank.example', ports: [{ port: 443 }] },
    });
    const found = discoverBy('role: service');
    await until(found, ['bank.shop.svc:443', 'till.shop.svc:80']);
    expect(found.targets()).toMatchObject([
      {
        namespace: 'shop',
        service_name: 'till',
        service_label_team: 'pos',
        service_port_name: 'web',
        service_port_number: '80',
        service_port_protocol: 'TCP',
        service_type: 'ClusterIP',
        service_cluster_ip: '10.2.0.9',
      },
      { service_type: 'ExternalName', service_external_name: 'bank.example' },
    ]);
  });

  test('endpoints: with the pods behind them, and the further ports of these pods', async () => {
    cluster.put('services', service);
    cluster.put('pods', till);
    const address = {
      ip: '10.1.0.1',
      nodeName: 'node-1',
      targetRef: { kind: 'Pod', name: 'till-1', namespace: 'shop' },
    };
    cluster.put('endpoints', {
      metadata: { name: 'till', namespace: 'shop' },
      subsets: [
        {
          addresses: [address],
          notReadyAddresses: [{ ip: 'fd00::7', hostname: 'h' }],
          ports: [{ name: 'web', port: 8080, protocol: 'TCP' }],
        },
      ],
    });
    const found = discoverBy('role: endpoints');
    await until(found, ['10.1.0.1:8080', '10.1.0.1:9000', '[fd00::7]:8080']);
    expect(found.targets()).toMatchObject([
      {
        __address__: '10.1.0.1:8080',
        endpoints_name: 'till',
        service_name: 'till',
        service_label_team: 'pos',
        endpoint_ready: 'true',
        endpoint_port_name: 'web',
        endpoint_port_protocol: 'TCP',
        endpoint_node_name: 'node-1',
        endpoint_address_target_kind: 'Pod',
        endpoint_address_target_name: 'till-1',
        pod_name: 'till-1',
        pod_container_name: 'till',
        pod_container_port_name: 'http',
      },
      { __address__: '[fd00::7]:8080', endpoint_ready: 'false', endpoint_hostname: 'h' },
      { __address__: '10.1.0.1:9000', pod_name: 'till-1', pod_container_port_number: '9000' },
    ]);
    expect(found.targets()[1]).not.toHaveProperty('pod_name');
  });

  test('endpointslice', async () => {
    cluster.put('services', service);
    cluster.put('pods', till);
    cluster.put('endpointslices', {
      metadata: { name: 'till-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'till' } },
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: ['10.1.0.1'],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: 'node-1',
          zone: 'a',
          hostname: 'h',
          targetRef: { kind: 'Pod', name: 'till-1', namespace: 'shop' },
          deprecatedTopology: { 'kubernetes.io/hostname': 'node-1' },
        },
      ],
      ports: [{ name: 'web', port: 8080, protocol: 'TCP', appProtocol: 'http' }],
    });
    const found = discoverBy('role: endpointslice');
    await until(found, ['10.1.0.1:8080', '10.1.0.1:9000']);
    expect(found.targets()[0]).toMatchObject({
      endpointslice_name: 'till-x',
      endpointslice_address_type: 'IPv4',
      endpointslice_address_target_kind: 'Pod',
      endpointslice_address_target_name: 'till-1',
      endpointslice_endpoint_conditions_ready: 'true',
      endpointslice_endpoint_conditions_serving: 'true',
      endpointslice_endpoint_conditions_terminating: 'false',
      endpointslice_endpoint_hostname: 'h',
      endpointslice_endpoint_node_name: 'node-1',
      endpointslice_endpoint_zone: 'a',
      endpointslice_endpoint_topology_kubernetes_io_hostname: 'node-1',
      endpointslice_endpoint_topology_present_kubernetes_io_hostname: 'true',
      endpointslice_port: '8080',
      endpointslice_port_name: 'web',
      endpointslice_port_protocol: 'TCP',
      endpointslice_port_app_protocol: 'http',
      service_name: 'till',
      pod_name: 'till-1',
    });
  });

  test('ingress', async () => {
    cluster.put('ingresses', {
      metadata: { name: 'shop', namespace: 'shop' },
      spec: {
        ingressClassName: 'nginx',
        tls: [{ hosts: ['*.stores.example'] }],
        rules: [
          { host: 'one.stores.example', http: { paths: [{ path: '/a' }, { path: '' }] } },
          { host: 'plain.example' },
        ],
      },
    });
    const found = discoverBy('role: ingress');
    await until(found, ['one.stores.example', 'one.stores.example', 'plain.example']);
    expect(found.targets()).toMatchObject([
      {
        ingress_name: 'shop',
        ingress_class_name: 'nginx',
        ingress_scheme: 'https',
        ingress_host: 'one.stores.example',
        ingress_path: '/a',
      },
      { ingress_scheme: 'https', ingress_path: '/' },
      { ingress_scheme: 'http', ingress_path: '/' },
    ]);
  });
});

describe('what changes', () => {
  const bare = (name: string, ip: string, namespace = 'shop'): KubeObject => ({
    metadata: { name, namespace },
    spec: { containers: [{ name: 'c' }] },
    status: { podIP: ip },
  });
  test('is followed by a watch: what comes, moves and goes; lists are read page by page', async () => {
    for (let n = 1; n <= 5; n++) cluster.put('pods', bare(`p${n}`, `10.0.0.${n}`));
    const found = discoverBy('role: pod');
    await until(found, ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']);
    await expect.poll(() => cluster.watches).toBe(1);
    expect(cluster.asked.filter((url) => url.includes('continue='))).toHaveLength(2);
    cluster.put('pods', bare('p6', '10.0.0.6'));
    cluster.put('pods', bare('p1', '10.0.9.1'));
    cluster.remove('pods', bare('p2', ''));
    await until(found, ['10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.9.1']);
    expect(cluster.asked.filter((url) => !url.includes('watch='))).toHaveLength(3);
  });

  test.each(['cut', 'gone', 'done'] as const)('goes on after a watch that is %s', async (how) => {
    cluster.put('pods', bare('p1', '10.0.0.1'));
    cluster.put('pods', bare('p2', '10.0.0.2'));
    const found = discoverBy('role: pod');
    await until(found, ['10.0.0.1', '10.0.0.2']);
    await expect.poll(() => cluster.watches).toBe(1);
    cluster.endWatches(how);
    if (how !== 'done') cluster.removeUnheard('pods', bare('p2', ''));
    await expect.poll(() => cluster.watches, { timeout: 8000 }).toBe(1);
    cluster.put('pods', bare('p3', '10.0.0.3'));
    await until(found, how === 'done' ? ['10.0.0.1', '10.0.0.2', '10.0.0.3'] : ['10.0.0.1', '10.0.0.3']);
  });

  test('stays as it was while the API fails, and is found when it answers again', async () => {
    cluster.put('pods', bare('p1', '10.0.0.1'));
    const found = discoverBy('role: pod');
    await until(found, ['10.0.0.1']);
    cluster.broken = true;
    cluster.removeUnheard('pods', bare('p1', ''));
    cluster.endWatches('cut');
    const asked = cluster.asked.length;
    await expect.poll(() => cluster.asked.length).toBeGreaterThan(asked + 2);
    expect(addresses(found)).toEqual(['10.0.0.1']);
    cluster.broken = false;
    cluster.put('pods', bare('p2', '10.0.0.2'));
    await until(found, ['10.0.0.2']);
  });

  test('is looked for in the namespaces and with the selectors that were named', async () => {
    cluster.put('pods', bare('p1', '10.0.0.1', 'shop'));
    cluster.put('pods', bare('p2', '10.0.0.2', 'bank'));
    cluster.put('pods', bare('p3', '10.0.0.3', 'other'));
    const found = discoverBy(
      'role: pod, namespaces: { names: [shop, bank] }, selectors: [{ role: pod, label: app=till, field: spec.nodeName=n }]',
    );
    await until(found, ['10.0.0.1', '10.0.0.2']);
    const [first] = cluster.asked;
    expect(first).toContain('/api/v1/namespaces/shop/pods?');
    expect(new URL(first ?? '', api).searchParams.get('labelSelector')).toBe('app=till');
    expect(new URL(first ?? '', api).searchParams.get('fieldSelector')).toBe('spec.nodeName=n');
  });

  test('is nothing where the token is refused', async () => {
    cluster.put('pods', bare('p1', '10.0.0.1'));
    const config = discoverBy('role: pod');
    await until(config, ['10.0.0.1']);
    const wrong = new Cluster('other');
    api = await wrong.start();
    closers.push(() => wrong.close());
    wrong.put('pods', bare('p1', '10.0.0.1'));
    const refused = discoverBy('role: pod');
    await expect.poll(() => wrong.asked.length).toBeGreaterThan(1);
    expect(refused.rounds()).toBe(0);
  });
});

test('pods that say so by their annotations are scraped, with the names that the rules give them', async () => {
  const target = createServer((_, response) => response.setHeader('content-type', 'text/plain').end('tills_open 3\n'));
  await new Promise<void>((ready) => target.listen(0, '127.0.0.1', ready));
  closers.push(() => {
    target.close();
    target.closeAllConnections();
  });
  const { port } = target.address() as AddressInfo;
  const annotated = pod('till-1', '127.0.0.1', {
    annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(port) },
  });
  cluster.put('pods', annotated);
  cluster.put('pods', pod('other', '10.255.0.1', { annotations: {} }));
  const config = readScrapeConfig(
    `
scrape_configs:
  - job_name: pods
    scrape_interval: 200ms
    scrape_timeout: 200ms
    kubernetes_sd_configs: [{ role: pod, api_server: '${api}', authorization: { credentials: geheim } }]
    relabel_configs:
      - { source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], action: keep, regex: 'true' }
      - { source_labels: [__meta_kubernetes_pod_container_port_name], action: keep, regex: http }
      - source_labels: [__address__, __meta_kubernetes_pod_annotation_prometheus_io_port]
        regex: '([^:]+)(?::\\d+)?;(\\d+)'
        replacement: $1:$2
        target_label: __address__
      - { source_labels: [__meta_kubernetes_namespace], target_label: namespace }
      - { source_labels: [__meta_kubernetes_pod_name], target_label: pod }
      - { regex: __meta_kubernetes_pod_label_(.+), action: labelmap }
`,
    '/',
  );
  if (!config.ok) throw new Error(config.error);
  const got: (readonly string[])[] = [];
  const scraper = startScraper(config.value, {
    sink: { append: async (series) => void got.push(...series.map(({ labels }) => labels)) },
    clock: systemClock,
    logger: silentLogger,
    version: '0',
  });
  closers.push(() => scraper.close());
  await expect
    .poll(() => got.find((labels) => labels.includes('tills_open')), { timeout: 8000 })
    .toEqual([
      '__name__',
      'tills_open',
      'app',
      'till',
      'app_kubernetes_io_part_of',
      'pos',
      'instance',
      `127.0.0.1:${port}`,
      'job',
      'pods',
      'namespace',
      'shop',
      'pod',
      'till-1',
    ]);
  expect(scraper.targets().active).toHaveLength(1);
});

test.each(['token', 'tokenFile'])('a kubeconfig says where the cluster is and who asks: by %s', async (key) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sl-kubeconfig-'));
  closers.push(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, 'token'), 'geheim\n');
  const user = key === 'token' ? { token: 'geheim' } : { tokenFile: 'token' };
  await writeFile(
    path.join(folder, 'config'),
    JSON.stringify({
      'current-context': 'shop',
      contexts: [{ name: 'shop', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: `${api}/` } }],
      users: [{ name: 'u', user }],
    }),
  );
  cluster.put('pods', pod('till-1', '10.1.0.1'));
  const found = discoverBy('role: pod', `kubeconfig_file: '${folder}/config'`);
  await expect.poll(() => found.targets().length, { timeout: 8000 }).toBeGreaterThan(0);
});

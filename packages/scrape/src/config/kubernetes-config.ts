import path from 'node:path';
import { type KubeAccess, readKubeconfig } from './kubeconfig.ts';
import { readHttpClientConfig, type HttpClientConfig } from './http-client-config.ts';
import { type KubernetesDiscovery, type KubernetesRole, kubernetesRoles } from './scrape-job.ts';
import type { Section } from './section.ts';

/** What each pod of a cluster finds in its own file system. */
const account = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The API as every pod reaches it; the name stands in its certificate. */
const ownApiServer = 'https://kubernetes.default.svc';

const inCluster: HttpClientConfig = {
  authorization: { type: 'Bearer', credentials: { file: `${account}/token` } },
  basicAuth: undefined,
  oauth2: undefined,
  proxy: undefined,
  tls: {
    ca: { file: `${account}/ca.crt` },
    cert: undefined,
    key: undefined,
    serverName: '',
    insecureSkipVerify: false,
  },
  followRedirects: true,
  headers: [],
};
const httpKeys = [
  'basic_auth',
  'authorization',
  'oauth2',
  'bearer_token',
  'bearer_token_file',
  'tls_config',
  'proxy_url',
];

/**
 * One of `kubernetes_sd_configs` (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config). Without `api_server` it is
 * the cluster that we run in, with our own account: not for people who may not read this machine's files (`folder` undefined).
 */
export function readKubernetesDiscovery(section: Section, folder: string | undefined): KubernetesDiscovery {
  const apiServer = section.text('api_server').replace(/\/+$/, '');
  const role = section.choice('role', kubernetesRoles, 'pod');
  if (!section.has('role')) section.error(`role is missing: one of ${kubernetesRoles.join(', ')}`);
  const access = readAccess(section, folder);
  const named = apiServer !== '' || section.has('kubeconfig_file');
  if (apiServer !== '' && section.has('kubeconfig_file'))
    section.error('api_server and kubeconfig_file exclude each other: a kubeconfig names its server');
  if (!named && folder === undefined)
    section.error("api_server is missing: only a configuration on the server's disk may use the server's own account");
  if (apiServer !== '' && !(/^https?:\/\//.test(apiServer) && URL.canParse(apiServer)))
    section.error('api_server must begin with http:// or https://');
  if (apiServer === '' && httpKeys.some((key) => section.has(key)))
    section.error('how the API is asked goes with an api_server of your own: name it');
  const given = readHttpClientConfig(section, folder);
  const namespaces = section.section('namespaces');
  const own = namespaces.flag('own_namespace', false);
  if (own && named)
    section.error('own_namespace is of the cluster that the server runs in: leave out api_server and kubeconfig_file');
  const names = namespaces.texts('names');
  namespaces.finish();
  const attach = section.section('attach_metadata');
  const discovery: KubernetesDiscovery = {
    kind: 'kubernetes',
    role,
    apiServer: access?.apiServer ?? (apiServer === '' ? ownApiServer : apiServer),
    http: access?.http ?? (apiServer === '' ? inCluster : given),
    namespaces: role === 'node' ? [] : names,
    ownNamespaceFile: own && role !== 'node' ? `${account}/namespace` : '',
    selectors: section.sections('selectors').map((one) => readSelector(one, role)),
    attachNode: attach.flag('node', false),
    attachNamespace: attach.flag('namespace', false),
  };
  attach.finish();
  section.finish();
  return discovery;
}

/** What a kubeconfig says, relative to `folder`; undefined without one, and where it is refused. */
function readAccess(section: Section, folder: string | undefined): KubeAccess | undefined {
  const file = section.text('kubeconfig_file');
  if (file === '') return undefined;
  if (folder === undefined) {
    section.error(
      "kubeconfig_file names a file, which only a configuration on the server's disk may: write api_server, authorization and tls_config",
    );
    return undefined;
  }
  const access = readKubeconfig(path.resolve(folder, file));
  if (access.ok) return access.value;
  section.error(`kubeconfig_file ${access.error}`);
  return undefined;
}

/** Which other objects a role reads beside its own. */
const besides: Readonly<Record<KubernetesRole, readonly KubernetesRole[]>> = {
  node: [],
  pod: ['node'],
  service: [],
  endpoints: ['service', 'pod', 'node'],
  endpointslice: ['service', 'pod', 'node'],
  ingress: [],
};

function readSelector(section: Section, role: KubernetesRole): KubernetesDiscovery['selectors'][number] {
  const of = section.choice('role', kubernetesRoles, role);
  if (of !== role && !besides[role].includes(of)) section.error(`the role ${role} reads nothing of the role ${of}`);
  const selector = { role: of, label: section.text('label'), field: section.text('field') };
  section.finish();
  return selector;
}

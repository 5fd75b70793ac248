import { labelMap, meta, metadataOf } from '../meta-labels.ts';
import { namespaceLabels } from '../node-labels.ts';
import type { Ingress } from '../objects.ts';
import { defineRole } from '../role.ts';

/** Each path of each host of each ingress. */
export const ingress = defineRole<Ingress>({
  resource: { api: 'networking.k8s.io/v1', plural: 'ingresses', namespaced: true },
  readsPods: false,
  groupOf: (object, around) => {
    const { metadata, spec = {} } = object;
    const secured = (spec.tls ?? []).flatMap(({ hosts = [] }) => hosts);
    const targets = (spec.rules ?? []).flatMap(({ host = '', http }) => {
      const scheme = secured.some((pattern) => covers(pattern, host)) ? 'https' : 'http';
      const paths = (http?.paths ?? [{}]).map(({ path = '' }) => (path === '' ? '/' : path));
      return paths.map((path) =>
        labelMap({
          __address__: host,
          [meta('ingress_scheme')]: scheme,
          [meta('ingress_host')]: host,
          [meta('ingress_path')]: path,
        }),
      );
    });
    return {
      source: `ingress/${metadata.namespace}/${metadata.name}`,
      targets,
      labels: labelMap(
        namespaceLabels(object, around.namespace(metadata.namespace)),
        { [meta('ingress_name')]: metadata.name, [meta('ingress_class_name')]: spec.ingressClassName },
        metadataOf('ingress', metadata),
      ),
    };
  },
});

/** `*.example.org` covers one label before the dot. */
function covers(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  if (!pattern.startsWith('*.')) return false;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot) === pattern.slice(1);
}

import type { ScrapeProtocol } from '../exposition/negotiate.ts';
import type { HttpClientConfig } from './http-client-config.ts';
import type { RelabelRule } from './relabel.ts';

/** Targets that share their labels, as discovery finds them. */
export interface TargetGroup {
  /** What tells the group from others of its discovery. */
  readonly source: string;
  /** Labels of each target, `__address__` among them. */
  readonly targets: readonly ReadonlyMap<string, string>[];
  readonly labels: ReadonlyMap<string, string>;
}

/** Where targets are found. */
export type Discovery =
  | { readonly kind: 'static'; readonly groups: readonly TargetGroup[] }
  | { readonly kind: 'file'; readonly patterns: readonly string[]; readonly refreshMs: number }
  | { readonly kind: 'http'; readonly url: string; readonly refreshMs: number; readonly http: HttpClientConfig }
  | {
      readonly kind: 'dns';
      readonly names: readonly string[];
      readonly type: 'SRV' | 'A' | 'AAAA' | 'MX' | 'NS';
      readonly port: number;
      readonly refreshMs: number;
    }
  | KubernetesDiscovery;

export const kubernetesRoles = ['node', 'pod', 'service', 'endpoints', 'endpointslice', 'ingress'] as const;
export type KubernetesRole = (typeof kubernetesRoles)[number];

/** Where the objects of a cluster are found. */
export interface KubernetesDiscovery {
  readonly kind: 'kubernetes';
  readonly role: KubernetesRole;
  /** Without a slash at the end. */
  readonly apiServer: string;
  readonly http: HttpClientConfig;
  /** Namespaces to look in; none looks in all of them. */
  readonly namespaces: readonly string[];
  /** Whose name stands in this file is looked in besides; '' for none. */
  readonly ownNamespaceFile: string;
  readonly selectors: readonly { readonly role: KubernetesRole; readonly label: string; readonly field: string }[];
  /** Labels of the node, or of the namespace, at each target. */
  readonly attachNode: boolean;
  readonly attachNamespace: boolean;
}

/** Bounds of one scrape; Infinity where the file names none. */
export interface ScrapeLimits {
  readonly bodyBytes: number;
  readonly samples: number;
  readonly targets: number;
  readonly labels: number;
  readonly labelNameLength: number;
  readonly labelValueLength: number;
}

/** One entry of `scrape_configs`, checked. */
export interface ScrapeJob {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly scheme: string;
  readonly metricsPath: string;
  readonly params: ReadonlyMap<string, readonly string[]>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly protocols: readonly ScrapeProtocol[];
  readonly fallbackProtocol: ScrapeProtocol | undefined;
  readonly nativeHistograms: boolean;
  /** Classic series too, where a histogram has a native form. */
  readonly classicHistograms: boolean;
  readonly compression: boolean;
  readonly limits: ScrapeLimits;
  readonly http: HttpClientConfig;
  readonly discoveries: readonly Discovery[];
  readonly relabelRules: readonly RelabelRule[];
  readonly metricRelabelRules: readonly RelabelRule[];
  /** Added to series that have no such label. */
  readonly externalLabels: ReadonlyMap<string, string>;
}

/** What we read of the API's objects (https://kubernetes.io/docs/reference/kubernetes-api/); whatever is missing is undefined. */

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[];
}
export interface ObjectOf<Spec = unknown, Status = unknown> {
  readonly metadata: Meta;
  readonly spec?: Spec;
  readonly status?: Status;
}

export type KubeNode = ObjectOf<
  { readonly providerID?: string },
  {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly daemonEndpoints?: { readonly kubeletEndpoint?: { readonly Port?: number } };
  }
>;

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
}
interface ContainerStatus {
  readonly name: string;
  readonly containerID?: string;
}
export type Pod = ObjectOf<
  {
    readonly nodeName?: string;
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
  },
  {
    readonly podIP?: string;
    readonly hostIP?: string;
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  }
>;

export type Service = ObjectOf<{
  readonly type?: string;
  readonly clusterIP?: string;
  readonly externalName?: string;
  readonly loadBalancerIP?: string;
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
}>;

export interface TargetRef {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}
export interface EndpointAddress {
  readonly ip: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: TargetRef;
}
export type Endpoints = ObjectOf & {
  readonly subsets?: readonly {
    readonly addresses?: readonly EndpointAddress[];
    readonly notReadyAddresses?: readonly EndpointAddress[];
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
  }[];
};

export type EndpointSlice = ObjectOf & {
  readonly addressType?: string;
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[];
    readonly conditions?: Readonly<Partial<Record<'ready' | 'serving' | 'terminating', boolean>>>;
    readonly hostname?: string;
    readonly nodeName?: string;
    readonly zone?: string;
    readonly targetRef?: TargetRef;
    readonly deprecatedTopology?: Readonly<Record<string, string>>;
  }[];
  readonly ports?: readonly {
    readonly name?: string;
    readonly port?: number;
    readonly protocol?: string;
    readonly appProtocol?: string;
  }[];
};

export type Ingress = ObjectOf<{
  readonly ingressClassName?: string;
  readonly tls?: readonly { readonly hosts?: readonly string[] }[];
  readonly rules?: readonly {
    readonly host?: string;
    readonly http?: { readonly paths?: readonly { readonly path?: string }[] };
  }[];
}>;

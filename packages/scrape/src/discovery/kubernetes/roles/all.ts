import type { KubernetesRole } from '../../../config/scrape-job.ts';
import type { Role } from '../role.ts';
import { endpoints } from './endpoints.ts';
import { endpointslice } from './endpointslice.ts';
import { ingress } from './ingress.ts';
import { node } from './node.ts';
import { pod } from './pod.ts';
import { service } from './service.ts';

export const allRoles: Readonly<Record<KubernetesRole, Role>> = {
  node,
  pod,
  service,
  endpoints,
  endpointslice,
  ingress,
};

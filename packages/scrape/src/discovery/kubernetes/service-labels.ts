import { type Labels, meta, metadataOf } from './meta-labels.ts';
import type { Service } from './objects.ts';

/** What everything behind a service gets. */
export function serviceLabels(service: Service | undefined): Labels {
  return service ? { [meta('service_name')]: service.metadata.name, ...metadataOf('service', service.metadata) } : {};
}

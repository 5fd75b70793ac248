import { silentLogger, systemClock } from '@sightline/base';
import { unavailableMetrics } from '@sightline/query/promql';
import type { ApiDeps } from '../route.ts';

/** A store that a test does not expect to be asked. */
export const unaskedStore: ApiDeps['store'] = {
  query: () => Promise.reject(new Error('not asked here')),
  stream: () => {
    throw new Error('not asked here');
  },
  metrics: unavailableMetrics('not asked here'),
};

/** What the API is made of in tests: nothing behind it but the control plane, replies checked, and whatever `parts` put in place. */
export function depsOf(parts: Pick<ApiDeps, 'control'> & Partial<ApiDeps>): ApiDeps {
  return {
    store: unaskedStore,
    ingest: { status: () => ({ lagMs: 0, spoolBytes: 0, spoolLimitBytes: 1, waitingRecords: 0 }) },
    clock: systemClock,
    logger: silentLogger,
    settings: { publicUrl: 'http://sightline.test', version: '0.0.0', demo: false, checkReplies: true },
    health: () => Promise.resolve({ status: 'healthy', version: '0.0.0', uptimeS: 1, components: [] }),
    metrics: () => '',
    ...parts,
  };
}

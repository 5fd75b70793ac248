import type { Clock, Logger, Result } from '@sightline/base';
import type { Discovery, TargetGroup } from '../config/scrape-job.ts';
import { type DnsLookup, findByDns } from './dns.ts';
import { findInFiles } from './files.ts';
import type { AddressGuard } from '../http/http-client.ts';
import { HttpDiscovery } from './http.ts';
import { discoverKubernetes } from './kubernetes/discover-kubernetes.ts';

export interface DiscoverParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dns: DnsLookup;
  /** Undefined: every address may be asked. */
  readonly guard?: AddressGuard;
}

/** How often files are looked at: a change is seen soon, whatever the refresh interval. */
const filesEveryMs = 5000;

/**
 * Looks for targets until `signal` aborts and tells them whenever they changed. What was found stays while a look fails: targets do not vanish because a
 * name server does not answer.
 */
export async function discover(
  discovery: Discovery,
  { clock, logger, dns, guard }: DiscoverParts,
  found: (groups: readonly TargetGroup[]) => void,
  signal: AbortSignal,
): Promise<void> {
  if (discovery.kind === 'static') return found(discovery.groups);
  if (discovery.kind === 'kubernetes') return discoverKubernetes(discovery, { clock, logger, guard }, found, signal);
  const http = discovery.kind === 'http' ? new HttpDiscovery(discovery, guard) : undefined;
  const look = async (): Promise<Result<readonly TargetGroup[], string>> => {
    if (discovery.kind === 'file') return findInFiles(discovery.patterns);
    if (discovery.kind === 'dns') return findByDns(discovery, dns);
    return http!.find(signal);
  };
  const everyMs = discovery.kind === 'file' ? Math.min(filesEveryMs, discovery.refreshMs) : discovery.refreshMs;
  let last = '';
  let failing = false;
  while (!signal.aborted) {
    const groups = await look();
    if (signal.aborted) break;
    if (groups.ok) {
      const text = JSON.stringify(groups.value, (_, value: unknown) => (value instanceof Map ? [...value] : value));
      if (text !== last) found(groups.value);
      last = text;
    } else if (!failing) logger.warn('targets cannot be looked up; those known stay', { why: groups.error });
    failing = !groups.ok;
    await clock.sleep(everyMs, signal);
  }
  http?.close();
  return undefined;
}

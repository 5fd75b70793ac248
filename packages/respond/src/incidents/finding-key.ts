import { createHash } from 'node:crypto';
import type { Finding } from '@sightline/record';

/** What makes two findings the same: SHA-256 over source, source id and sorted labels, its first 32 hexadecimal digits. */
export function findingKey({ source, sourceId, labels }: Pick<Finding, 'source' | 'sourceId' | 'labels'>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([source, sourceId, sorted]))
    .digest('hex')
    .slice(0, 32);
}

import { readFile } from 'node:fs/promises';
import type { LedgerEntry } from '@sightline/record';
import type { MetricTarget } from '../load/metric-target.ts';
import { decodeWriteRequest2 } from '../metric-formats/index.ts';
import { decodeSpooled } from '../spool/spooled.ts';

/** Takes segments of metrics and counts their frames; remote write 2.0 must be readable to count. The real store is tested in its own package. */
export const countingMetrics: MetricTarget = {
  load: async ({ path, format }) => {
    const content = await readFile(path);
    const entries: LedgerEntry[] = [];
    let at = 0;
    for (;;) {
      const frame = decodeSpooled(content, at);
      if (!frame) break;
      at += frame.frame.length;
      const { scope, protocol, receivedAtMs, signal, refused } = frame;
      const shared = { organisation: scope.organisation, keyId: scope.keyId, protocol, receivedAtMs, bytes: 0 };
      const records =
        format === 'rw2'
          ? decodeWriteRequest2(frame).series.reduce((sum, { times }) => sum + times.length, 0)
          : frame.records;
      entries.push({ ...shared, signal, outcome: 'accepted', reason: '', records });
      for (const refusal of refused) entries.push({ ...shared, ...refusal, outcome: 'rejected' });
    }
    return { entries, culprits: [], readBytes: at };
  },
};

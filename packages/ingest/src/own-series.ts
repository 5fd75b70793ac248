import type { Clock } from '@sightline/base';
import { lostBeforeUs, type KeyScope, type ReceivedSeries } from '@sightline/record';
import type { Ledger } from './ledger.ts';
import { writeRw2Request } from './metric-formats/write-rw2.ts';
import { metricsKeptMs as defaultKeptMs, type Refusal } from './protocol.ts';
import { checkRemoteWrite2 } from './protocols/prometheus-remote-write/prometheus-remote-write.ts';
import type { Spool } from './spool/spool.ts';

export interface OwnSeriesParts {
  readonly spool: Pick<Spool, 'append'>;
  readonly ledger: Pick<Ledger, 'count' | 'received'>;
  /** How long samples of metrics are kept; older ones are refused. Default 30 days. */
  readonly metricsKeptMs?: number;
  readonly clock: Clock;
}

/**
 * Keeps series that we made ourselves, of scraping or StatsD, as if they had come over remote write: judged, spooled, and each sample
 * counted under `protocol`. `refused` is what was given up on the way to them; `records` how many records they stand for, where
 * that is not the number of samples. Resolves once they are durable or counted as lost; false for the latter.
 */
export async function keepOwnSeries(
  { spool, ledger, metricsKeptMs = defaultKeptMs, clock }: OwnSeriesParts,
  protocol: string,
  scope: KeyScope,
  series: readonly ReceivedSeries[],
  refused: readonly Refusal[] = [],
  records?: number,
): Promise<boolean> {
  const receivedAtMs = clock.now();
  const body = writeRw2Request(series);
  const checked = checkRemoteWrite2({ body, receivedAtMs, metricsFromMs: receivedAtMs - metricsKeptMs });
  // What we wrote ourselves is always well-formed.
  const { frames: made, refused: judged } = checked.kind === 'accept' ? checked : { frames: [], refused: [] };
  const frames = records === undefined ? made : made.map((frame) => ({ ...frame, records }));
  const all = [...refused, ...judged];
  const count = ({ signal, reason, records: lost }: Omit<Refusal, 'message'>): void =>
    ledger.count({
      organisation: scope.organisation,
      keyId: scope.keyId,
      protocol,
      signal,
      outcome: lostBeforeUs(reason) ? 'dropped' : 'rejected',
      reason,
      records: lost,
      bytes: 0,
      receivedAtMs,
    });
  for (const refusal of all) ledger.received(protocol, refusal.signal, refusal.records, 0);
  for (const frame of frames) ledger.received(protocol, frame.signal, frame.records, frame.bytes.length);
  if (frames.length === 0) {
    for (const refusal of all) count(refusal);
    return true;
  }
  const kept = await spool.append(frames, scope, { protocol, project: 0, receivedAtMs, atOnce: true }, all);
  if (kept.ok) return true;
  for (const refusal of all) count(refusal);
  for (const frame of frames) count({ ...frame, reason: kept.error.kind });
  return false;
}

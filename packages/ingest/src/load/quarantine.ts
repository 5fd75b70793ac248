import type { Segment } from '../spool/spool.ts';
import type { LoadFailure, LoadTarget, StatementSettings } from './load-target.ts';
import type { SegmentReader, StoredFrame } from './segment-reader.ts';

/** Bytes of a culprit that are kept for a person to look at. */
const contentLimitBytes = 1_000_000;

/** Puts frames that the engine refused where a person can see them, with the reason and their bytes. */
export async function quarantine(
  { target, settings }: { readonly target: LoadTarget; readonly settings: StatementSettings },
  segment: Segment,
  culprits: ReadonlyMap<StoredFrame, LoadFailure>,
  reader: SegmentReader,
): Promise<void> {
  let at = 0;
  for (const [frame, failure] of culprits) {
    const bytes = await reader.bytesOf(frame);
    const id = `${segment.name}-${at++}`;
    const parameters = {
      organisation: frame.scope.organisation,
      received_at: Math.round(frame.receivedAtMs),
      id,
      key_id: frame.scope.keyId,
      protocol: frame.protocol,
      signal: frame.signal,
      reason: failure.message.slice(0, 2000),
      records: frame.records,
      bytes: bytes.length,
      content: bytes.subarray(0, contentLimitBytes).toString('base64'),
    };
    await target.execute(insertQuarantine, parameters, {
      timeoutMs: 30_000,
      settings: { ...settings, insert_deduplication_token: `${id}-quarantine` },
    });
  }
}

const insertQuarantine = `INSERT INTO quarantine (organisation, received_at, id, key_id, protocol, signal, reason, records, bytes, content)
SELECT {organisation:String}, fromUnixTimestamp64Milli({received_at:Int64}), {id:String}, {key_id:String}, {protocol:String},
  {signal:String}, {reason:String}, {records:UInt64}, {bytes:UInt64}, base64Decode({content:String})`;

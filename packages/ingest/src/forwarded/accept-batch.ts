import type { Clock } from '@sightline/base';
import type { KeyScope } from '@sightline/record';
import type { Ledger } from '../ledger.ts';
import { type Frame, type FrameOrigin, metricsKeptMs, type Refusal } from '../protocol.ts';
import { checkOtlp, type OtlpSignal } from '../protocols/otlp/otlp.ts';
import { checkRemoteWrite2 } from '../protocols/prometheus-remote-write/prometheus-remote-write.ts';
import { scrapedLane, scrapeProtocol } from '../scraped.ts';
import type { Spool, SpoolRefusal } from '../spool/spool.ts';
import type { SpooledRecord } from '../spool/spooled.ts';
import type { AcceptedFrames } from './accepted-frames.ts';
import type { ForwardReply, ReadBatch, ReadRun, RejectedFrame } from './batch.ts';
import { accountLane } from './forwarded.ts';

/** The agent that forwards, as its token says. */
export interface ForwardingAgent {
  readonly id: string;
  readonly organisation: string;
  readonly site: string;
  /** The key that its records are counted under. */
  readonly keyId: string;
  /** The site's clock minus ours, milliseconds; null until it was measured. */
  readonly clockSkewMs: number | null;
}

export interface AcceptParts {
  readonly spool: Pick<Spool, 'append'>;
  readonly accepted: AcceptedFrames;
  readonly ledger: Pick<Ledger, 'received'>;
  /** How long samples of metrics are kept; older ones are refused. Default 30 days. */
  readonly metricsKeptMs?: number;
  readonly clock: Clock;
}

/** A site's clock that is off by less is as good as ours: the way of a message is not known better. */
const skewFromMs = 2000;
const rejectedLimit = 100;
const signals: readonly string[] = ['logs', 'spans', 'metrics'] satisfies OtlpSignal[];

/** Pieces for one of our lanes, and what was refused on the way to them. */
interface Part {
  readonly frames: Frame[];
  readonly refused: Refusal[];
}

/**
 * Takes in a batch: what was kept before is passed over, the rest is judged as if it had been sent to us directly and kept in
 * the spool under its origin. Answers how far each segment came once that is durable, or why nothing more was kept: what was
 * kept until then counts as kept when the agent sends it again.
 */
export async function acceptBatch(
  parts: AcceptParts,
  agent: ForwardingAgent,
  batch: ReadBatch,
): Promise<ForwardReply | SpoolRefusal> {
  const { accepted } = parts;
  return accepted.during(async () => {
    accepted.forget(agent.id, batch.gone, batch.oldest);
    const rejected: RejectedFrame[] = [];
    for (const run of batch.runs) {
      const refusal = await acceptRun(parts, agent, run, rejected);
      if (refusal) return refusal;
    }
    return {
      segments: batch.runs.map((run) => accepted.progress(agent.id, run)),
      rejected: rejected.slice(0, rejectedLimit),
    };
  });
}

/** Runs of a batch are few; each is one append to each lane of ours that it feeds. */
async function acceptRun(
  { spool, accepted, ledger, metricsKeptMs, clock }: AcceptParts,
  agent: ForwardingAgent,
  run: ReadRun,
  rejected: RejectedFrame[],
): Promise<SpoolRefusal | undefined> {
  const nowMs = clock.now();
  const scope = scopeOf(agent);
  const byLane = new Map<string, Part>();
  for (const [at, frame] of run.frames.entries()) {
    const index = run.first + at;
    if (accepted.has(agent.id, run, index)) continue;
    const judged = judge(run.lane, frame, originOf(agent, run, index, frame, nowMs), nowMs, metricsKeptMs);
    for (const { signal, records, reason, message } of judged.refused)
      rejected.push({ lane: run.lane, segment: run.segment, index, records, reason, message: `${signal}: ${message}` });
    const lane = judged.frame.lane;
    const part = byLane.get(lane) ?? { frames: [], refused: [] };
    byLane.set(lane, part);
    part.frames.push(judged.frame);
    part.refused.push(...frame.refused, ...judged.refused);
  }
  const protocol = run.lane === scrapedLane ? scrapeProtocol : 'otlp';
  for (const { frames, refused } of byLane.values()) {
    const meta = { protocol, project: 0, receivedAtMs: nowMs, atOnce: true };
    const kept = await spool.append(frames, scope, meta, merged(refused));
    if (!kept.ok) return kept.error;
    for (const { signal, records, bytes } of frames) ledger.received(protocol, signal, records, bytes.length);
    for (const { signal, records } of refused) ledger.received(protocol, signal, records, 0);
    for (const { origin } of frames) if (origin) accepted.mark(agent.id, origin);
  }
  accepted.keep(agent.id, run, run.first + run.frames.length);
  return undefined;
}

function scopeOf({ organisation, keyId, site }: ForwardingAgent): KeyScope {
  return { organisation, keyId, site, device: '', service: '', environment: '' };
}

function originOf(
  agent: ForwardingAgent,
  { lane, segment }: ReadRun,
  index: number,
  frame: SpooledRecord,
  nowMs: number,
): FrameOrigin {
  const measured = agent.clockSkewMs ?? 0;
  const skewMs = Math.abs(measured) > skewFromMs ? Math.round(measured) : 0;
  // Nothing was kept before now is over: a clock that runs ahead unmeasured is held to it.
  const keptAtMs = Math.max(0, Math.min(nowMs, frame.receivedAtMs - skewMs));
  return { agent: agent.id, lane, segment, index, keptAtMs, skewMs };
}

/** A frame for one of our lanes: the records as they came, or none where all were refused or nothing but a loss is told. */
function judge(
  lane: string,
  { signal, bytes, records }: SpooledRecord,
  origin: FrameOrigin,
  nowMs: number,
  keptMs = metricsKeptMs,
): { readonly frame: Frame; readonly refused: readonly Refusal[] } {
  const nothing: Frame = { lane: accountLane, bytes: Buffer.alloc(0), records: 0, signal, origin };
  if (records === 0 && bytes.length === 0) return { frame: nothing, refused: [] };
  if (!signals.includes(signal)) return { frame: nothing, refused: [unknownSignal(signal, records)] };
  // The window of times that are taken is ours; the records' times are by the site's clock.
  const receivedAtMs = nowMs + origin.skewMs;
  const metricsFromMs = receivedAtMs - keptMs;
  const checked =
    lane === scrapedLane
      ? checkRemoteWrite2({ body: bytes, receivedAtMs, metricsFromMs })
      : checkOtlp(signal as OtlpSignal, {
          body: bytes,
          contentType: 'application/x-protobuf',
          receivedAtMs,
          metricsFromMs,
        });
  if (checked.kind === 'refuse') {
    const { reason, message } = checked;
    return { frame: nothing, refused: [{ signal, reason, message, records: Math.max(1, records) }] };
  }
  const [frame] = checked.frames;
  return { frame: frame ? { ...frame, origin } : nothing, refused: checked.refused };
}

function unknownSignal(signal: string, records: number): Refusal {
  return {
    signal: 'logs',
    reason: 'unsupported-type',
    records: Math.max(1, records),
    message: `"${signal.slice(0, 40)}" is no signal that an agent forwards`,
  };
}

/** One refusal for each signal and reason: an agent may have many frames with one each. */
function merged(refused: readonly Refusal[]): Refusal[] {
  const groups = Map.groupBy(refused, ({ signal, reason }) => `${signal}/${reason}`);
  return [...groups.values()].flatMap(([first, ...rest]) =>
    first ? [{ ...first, records: rest.reduce((sum, { records }) => sum + records, first.records) }] : [],
  );
}

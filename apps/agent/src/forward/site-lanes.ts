import { type Frame, type OtlpSignal, scrapedLane, splitLogs } from '@sightline/ingest/site';

/** A lane of the site's spool: what is dropped and delivered together. */
export interface SiteLane {
  readonly name: string;
  readonly signal: OtlpSignal;
  /** What has less is dropped first, where not all can be kept. */
  readonly worth: number;
}

const debug = { name: 'logs-debug', signal: 'logs', worth: 0 } as const;
const info = { name: 'logs', signal: 'logs', worth: 1 } as const;
const error = { name: 'logs-error', signal: 'logs', worth: 2 } as const;
const spans = { name: 'spans', signal: 'spans', worth: 1 } as const;
const metrics = { name: 'metrics', signal: 'metrics', worth: 1 } as const;
const scraped = { name: scrapedLane, signal: 'metrics', worth: 1 } as const;

export const siteLanes: readonly SiteLane[] = [debug, info, error, spans, metrics, scraped];

/** Reports of what was dropped, on their way to the server's ledger. Never dropped themselves: they are small. */
export const accountLane = 'account';

const logLanes = { debug, info, error } as const;

/** The frames of a checked OTLP request as the site keeps them: logs apart by what they are worth. */
export function toSiteFrames(frames: readonly Frame[]): Frame[] {
  return frames.flatMap((frame): Frame[] => {
    const { signal, bytes } = frame;
    if (signal !== 'logs') return [{ ...frame, lane: signal === 'spans' ? spans.name : metrics.name }];
    return splitLogs(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).map((part) => ({
      lane: logLanes[part.of].name,
      bytes: part.bytes,
      records: part.records,
      signal,
    }));
  });
}

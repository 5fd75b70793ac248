import type { FindingRecord, IncidentRecord } from '@sightline/control';

/** One line of a chart: `at` in milliseconds since the epoch. */
export interface EvidenceSeries {
  readonly name: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

/** What it looked like when the incident opened. Kept as it is, also when the records themselves are long gone. */
export interface Evidence {
  readonly capturedAt: number;
  /** Charts over the hour before, with where the limit lay. */
  readonly charts: readonly {
    readonly title: string;
    readonly unit: string;
    readonly threshold: number | null;
    readonly from: number;
    readonly to: number;
    readonly stepMs: number;
    readonly series: readonly EvidenceSeries[];
  }[];
  /** Most frequent errors of the time and place. */
  readonly errors: readonly {
    readonly issue: string;
    readonly title: string;
    readonly events: number;
    readonly lastSeenAt: number;
  }[];
  /** The last lines that said something was wrong, newest first. */
  readonly logs: readonly {
    readonly at: number;
    readonly site: string;
    readonly service: string;
    readonly severity: string;
    readonly body: string;
  }[];
  readonly containers: readonly { readonly name: string; readonly state: string; readonly detail: string }[];
  /** The last releases seen before it opened. */
  readonly changes: readonly { readonly at: number; readonly text: string }[];
  /** What could not be captured, and why: one sentence each. */
  readonly missing: readonly string[];
}

/**
 * Where evidence comes from; filled in by whoever puts the product together. Parts that cannot be had are named in
 * `missing`; it throws only when nothing could be had, and is asked again then. Must stop when `signal` aborts.
 */
export interface EvidenceSource {
  capture(incident: IncidentRecord, findings: readonly FindingRecord[], signal: AbortSignal): Promise<Evidence>;
}

import type { Clock } from '@sightline/base';
import type { z } from 'zod';

/** Where a monitor may run. A type that runs nowhere is told of by others (heartbeats). */
export type RunsOn = 'server' | 'agent';

/** What one try found. `down` says why in a sentence without a full stop: "answered 503". */
export interface Outcome {
  readonly up: boolean;
  /** "answered 200", "answered 503", "no connection: refused". Never a secret. */
  readonly message: string;
  /** Figures and short texts for who looks closer: timings (`connectMs`), `status`, `tlsDaysLeft`. */
  readonly details: Readonly<Record<string, string | number>>;
}

/** What a check works with. It ends soon after `signal` aborts, whatever the other side does. */
export interface CheckTools {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Of this one try; `signal` aborts then. */
  readonly timeoutMs: number;
}

/** A kind of check. Settings are a schema: forms, the API and the documents are checked against it. */
export interface MonitorType<Settings extends z.ZodType = z.ZodType> {
  /** Stable word: `http`. */
  readonly name: string;
  readonly title: string;
  readonly settings: Settings;
  readonly runsOn: readonly RunsOn[];
  /** What is looked at, as people read it, without secrets: `GET https://shop.example/health`. */
  readonly target: (settings: z.output<Settings>) => string;
  /** One try. Undefined for types that nobody runs. Faults of the other side are an `Outcome`, never thrown. */
  readonly check: ((settings: z.output<Settings>, tools: CheckTools) => Promise<Outcome>) | undefined;
}

/** Declares a kind of check: one folder under `types/`, one line in `all.ts`. */
export function defineMonitorType<Settings extends z.ZodType>(type: MonitorType<Settings>): MonitorType<Settings> {
  return type;
}

/** The good ending of a try. */
export function up(message: string, details: Outcome['details'] = {}): Outcome {
  return { up: true, message, details };
}

/** The bad ending of a try; `reason` is a sentence without a full stop. */
export function down(reason: string, details: Outcome['details'] = {}): Outcome {
  return { up: false, message: reason, details };
}

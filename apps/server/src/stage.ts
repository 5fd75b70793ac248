import type { Clock, Logger } from '@sightline/base';
import type { Control } from '@sightline/control';
import type { TelemetryReads } from '@sightline/query';
import type { EmbeddedStore, TelemetryExports, TelemetryStore } from '@sightline/store';
import type { Closers } from './closers.ts';
import type { Config } from './config.ts';

export interface Stores {
  readonly store: TelemetryStore & TelemetryExports;
  /** The engine on this machine; undefined with `--clickhouse-url`. */
  readonly engine: EmbeddedStore | undefined;
  readonly control: Control;
}

/** What stages are opened with that come before the reads. A stage adds how it is closed to `closers`. */
export interface StageBase {
  readonly config: Config;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly closers: Closers;
  /** Where people reach this installation; known once the port is bound, so it is asked each time. */
  readonly publicUrl: () => string;
}

/** What each stage of `stages/` is opened with. */
export interface StageParts extends StageBase {
  /** The telemetry store as reads want it, with the metrics. */
  readonly reads: TelemetryReads;
}

/** A part that others name before it is opened: undefined until then. */
export interface Later<T> {
  current: T | undefined;
}

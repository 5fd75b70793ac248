import type { Result } from '@sightline/base';
import type { QueryValue } from '@sightline/query/promql';
import type { ReceivedSeries } from '@sightline/record';

/** The answer of an instant query for one organisation, or why there is none. */
export type AskInstant = (expression: string, atMs: number) => Promise<Result<QueryValue, string>>;

/** Where recorded series and `ALERTS` go. */
export interface SampleSink {
  /** Takes samples of an organisation; resolves once they are durable, throws when they cannot be taken at the moment. */
  write(organisation: string, series: readonly ReceivedSeries[]): Promise<void>;
  /** Resolves when what was written can be read, or after a few seconds: rules of a group may read what those before them wrote. */
  visible(organisation: string): Promise<void>;
}

/** What the main thread and the thread that rolls up say to each other. */
import type { EngineAddress } from '../query/engine-address.ts';
import type { DayFigures, DayJob, RowsFile } from './roll-up-day.ts';

export interface DayThreadData {
  readonly engine: EngineAddress;
}

export type ToDayThread =
  | { readonly kind: 'job'; readonly job: DayJob }
  /** Files are in the engine. */
  | { readonly kind: 'stored' };

export type FromDayThread =
  | { readonly kind: 'files'; readonly files: readonly RowsFile[] }
  | { readonly kind: 'damaged'; readonly message: string }
  | { readonly kind: 'done'; readonly figures: DayFigures }
  | { readonly kind: 'failed'; readonly message: string };

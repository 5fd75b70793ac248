/** What the main thread and the head's thread say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { LogLevel } from '@sightline/base';
import type { LoadedMetrics, MetricSegment } from '@sightline/ingest/metric-formats';
import type { ResourcePromotion } from '@sightline/record';
import type { HeadFigures } from './head.ts';
import type { HeadSettings } from './head-settings.ts';

export interface HeadThreadData {
  readonly settings: HeadSettings;
}

export type ToHead =
  | { readonly kind: 'load'; readonly id: number; readonly segment: MetricSegment }
  | { readonly kind: 'cut' | 'close'; readonly id: number }
  /** Which attributes of OTLP resources become labels. */
  | { readonly kind: 'promote'; readonly promotion: ResourcePromotion }
  /** Somebody who may ask the index. */
  | { readonly kind: 'index'; readonly port: MessagePort }
  /** A statement that the head asked for has ended. */
  | { readonly kind: 'executed'; readonly id: number; readonly error?: string };

export type FromHead =
  | { readonly kind: 'ready' }
  /** Once a second. */
  | { readonly kind: 'figures'; readonly figures: HeadFigures }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly value?: LoadedMetrics;
      readonly error?: string;
    }
  | {
      readonly kind: 'execute';
      readonly id: number;
      readonly sql: string;
      readonly parameters: Readonly<Record<string, string | number>>;
      readonly token: string;
    }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

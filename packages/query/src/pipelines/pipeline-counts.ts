import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';

export interface PipelineCount {
  readonly pipeline: string;
  /** From 1; 0 is the pipeline itself. */
  readonly step: number;
  readonly did: 'taken' | 'unread' | 'drop' | 'sample' | 'cap';
  readonly records: number;
}

/** What an organisation's pipelines took and let go in the range, by step. Throws `StoreError`. */
export function readPipelineCounts(
  reader: TelemetryReader,
  range: { readonly organisation: string; readonly fromMs: number; readonly toMs: number },
  limits: QueryLimits = {},
): Promise<PipelineCount[]> {
  return ask<PipelineCount>(
    reader,
    `SELECT toString(pipeline) AS pipeline, step, toString(did) AS did, toFloat64(sum(records)) AS records FROM pipeline_counts
    WHERE organisation = {organisation:String} AND minute >= toDateTime({fromS:UInt32}) AND minute < toDateTime({toS:UInt32})
    GROUP BY pipeline, step, did ORDER BY pipeline, step, did LIMIT 10000`,
    {
      organisation: range.organisation,
      fromS: Math.floor(range.fromMs / 60_000) * 60,
      toS: Math.ceil(range.toMs / 1000),
    },
    { ...limits, settings: { prefer_column_name_to_alias: 1, ...limits.settings } },
  );
}

import type { QueryLimits, TelemetryReader } from '@sightline/store/port';

/** The service that canaries of the scrubber go by. */
export const canaryService = 'sightline-canary';

const maps = (of: string): string => `arrayMap(m -> arrayStringConcat(mapValues(m), '\\n'), ${of})`;
const text = (...parts: string[]): string => `arrayStringConcat([${parts.join(', ')}], '\\n')`;
const all = (of: string): string => `arrayStringConcat(${of}, '\\n')`;

/** Every column of free text, per signal. */
const texts: Readonly<Record<'logs' | 'spans' | 'errors', string>> = {
  logs: text('body', all('mapValues(attrs)'), all('mapValues(res)')),
  spans: text(
    'name',
    'status_message',
    all('mapValues(attrs)'),
    all('mapValues(res)'),
    all('events.name'),
    all(maps('events.attrs')),
  ),
  errors: text('type', 'message', 'culprit', 'transaction', 'user_id', all('mapValues(tags)'), 'payload'),
};

export interface FoundCanary {
  readonly signal: 'logs' | 'spans' | 'errors';
  /** Rows of the canary that are in the table. */
  readonly rows: number;
  /** Those of the values that stand in one of them. */
  readonly found: readonly string[];
}

/** Looks for planted values in what is stored under the trace id, signal by signal. Throws `StoreError`. */
export async function findCanary(
  reader: TelemetryReader,
  asked: {
    readonly organisation: string;
    /** 32 hexadecimal digits. */
    readonly traceId: string;
    readonly fromMs: number;
    readonly toMs: number;
    readonly values: readonly string[];
  },
  limits: QueryLimits = {},
): Promise<FoundCanary[]> {
  const found: FoundCanary[] = [];
  for (const signal of ['logs', 'spans', 'errors'] as const) {
    const [row] = await reader.query<{ n: string; found: string[] }>(
      `SELECT toString(count()) AS n, groupUniqArrayArray(arrayFilter(v -> position(whole, v) > 0, {values:Array(String)})) AS found
       FROM (SELECT ${texts[signal]} AS whole FROM ${signal} WHERE organisation = {organisation:String}
         AND ts >= {from:DateTime64(9)} AND ts < {to:DateTime64(9)} AND trace_id = toFixedString(unhex({trace:String}), 16))`,
      {
        organisation: asked.organisation,
        from: new Date(asked.fromMs),
        to: new Date(asked.toMs),
        trace: asked.traceId,
        values: [...asked.values],
      },
      limits,
    );
    found.push({ signal, rows: Number(row?.n ?? 0), found: row?.found ?? [] });
  }
  return found;
}

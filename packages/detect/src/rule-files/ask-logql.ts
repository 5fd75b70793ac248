import { fail, ok } from '@sightline/base';
import { parseLogql, runMetricQuery } from '@sightline/query';
import { StoreError, type TelemetryReader } from '@sightline/store/port';
import type { AskInstant } from './ports.ts';

/** Answers metric queries in LogQL over the logs of an organisation: `count_over_time({app="till"} |= "jam" [5m])`. */
export function askLogql(
  reader: TelemetryReader,
  of: { readonly organisation: string; readonly timeoutMs: number; readonly signal: AbortSignal },
): AskInstant {
  return async (expression, atMs) => {
    const parsed = parseLogql(expression);
    if (!parsed.ok) return fail(parsed.error.message);
    if (parsed.value.kind === 'log') return fail('rule result is not a vector or scalar');
    try {
      const { organisation, timeoutMs, signal } = of;
      const asked = { organisation, site: '', query: parsed.value, startMs: atMs, endMs: atMs, stepMs: 0 };
      const answer = await runMetricQuery(reader, asked, { timeoutMs, signal });
      return answer.ok ? ok(answer.value.value) : fail(answer.error.message);
    } catch (error) {
      if (error instanceof StoreError) return fail(error.message);
      throw error;
    }
  };
}

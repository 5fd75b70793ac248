import type { MatrixSeries, Matcher } from '@sightline/query/promql';
import type { ApiDeps } from '../../route.ts';
import type { Asker } from './asker.ts';
import { ApiFault } from './fault.ts';
import type { QueryGate } from './gate.ts';
import { faultOf, queryTimeoutMs } from './query-routes.ts';

/** What calls that hand samples on as they are need of their route. */
export interface RawParts {
  readonly deps: ApiDeps;
  readonly gate: QueryGate;
  /** Aborts when the client has gone away. */
  readonly gone: AbortSignal;
}

/**
 * The samples of every series that matches, from `startMs` through `endMs`, staleness marks among them; native histograms apart. More than
 * `sampleLimit` of them are a fault.
 */
export async function readSamples(
  { deps, gate, gone }: RawParts,
  asker: Asker,
  asked: {
    readonly matchers: readonly Matcher[];
    readonly startMs: number;
    readonly endMs: number;
    readonly sampleLimit: number;
  },
): Promise<readonly MatrixSeries[] | ApiFault> {
  const { matchers, startMs, endMs, sampleLimit } = asked;
  // Windows are open on the left.
  const expression = `${selectorText(matchers)}[${endMs - startMs + 1}ms]`;
  const answer = await gate.run(asker.organisation, { gone, limitMs: queryTimeoutMs }, (signal) =>
    deps.store.metrics.instant({
      organisation: asker.organisation,
      expression,
      atMs: endMs,
      bounds: { samples: sampleLimit, timeoutMs: queryTimeoutMs },
      enforced: asker.enforced,
      staleMarks: true,
      signal,
    }),
  );
  if (answer instanceof ApiFault) return answer;
  if (!answer.ok) return faultOf(answer.error);
  return answer.value.value.type === 'matrix' ? answer.value.value.series : [];
}

function selectorText(matchers: readonly Matcher[]): string {
  const texts = matchers.map(
    ({ label, operator, value }) => `${JSON.stringify(label)}${operator}${JSON.stringify(value)}`,
  );
  // A selector needs a matcher that the empty text does not fit, which remote read does not ask for.
  if (!matchers.some(({ operator, value }) => operator === '=' && value !== '')) texts.push('__name__!=""');
  return `{${texts.join(',')}}`;
}

import type { TelemetryReads } from '@sightline/query';
import { StoreError, type QueryLimits } from '@sightline/store/port';
import type { AskedAt, Batch } from './batch.ts';
import type { Gate } from './gate.ts';
import type { Answer } from './questions.ts';

/** Why a question has no answer. */
export interface NoAnswer {
  readonly kind: StoreError['kind'];
  /** For people: what happened and what they can do. */
  readonly message: string;
}
export type Answered = { readonly ok: true; readonly value: Answer } | { readonly ok: false; readonly error: NoAnswer };

export interface Asking {
  readonly reader: TelemetryReads;
  readonly gate: Gate;
  readonly limits: QueryLimits;
  readonly onQuery: () => void;
}

/**
 * Runs a batch and hands over its answers; when it fails, its halves, so that one bad question costs its neighbours nothing
 * but time. A store that does not answer at all fails all of them at once.
 */
export async function askBatch(
  batch: Batch,
  at: AskedAt,
  asking: Asking,
  onAnswers: (answers: ReadonlyMap<string, Answered>) => Promise<void>,
): Promise<void> {
  const { reader, gate, limits, onQuery } = asking;
  onQuery();
  const asked = await gate.run(() =>
    batch.ask(reader, at, limits).then(
      (answers) => ({ answers }),
      (error: unknown) => ({ error }),
    ),
  );
  if ('answers' in asked) {
    await onAnswers(new Map([...asked.answers].map(([key, value]) => [key, { ok: true, value }])));
    return;
  }
  const fault = noAnswer(asked.error);
  const halves = fault.kind === 'unavailable' || fault.kind === 'cancelled' ? undefined : batch.halves();
  if (!halves) {
    await onAnswers(new Map(batch.answers.map((key) => [key, { ok: false, error: fault }])));
    return;
  }
  for (const half of halves) await askBatch(half, at, asking, onAnswers);
}

const advice: Readonly<Record<StoreError['kind'], string>> = {
  timeout: 'The query took too long: narrow the search or shorten the window.',
  memory: 'The query needs too much memory: narrow the search or group by fewer labels.',
  'too-many-rows': 'The query finds too many groups: group by fewer labels.',
  cancelled: 'The query was given up because the server stops.',
  unavailable: 'The telemetry store does not answer.',
  'bad-data': 'The store refused the query: a regular expression in it is too large or not valid (RE2 syntax).',
  bug: 'The store could not run the query.',
};

function noAnswer(error: unknown): NoAnswer {
  if (!(error instanceof StoreError)) throw error;
  const detail = error.kind === 'bug' ? ` ${error.message.slice(0, 300)}` : '';
  return { kind: error.kind, message: `${advice[error.kind]}${detail}` };
}

import type { Problem } from '@sightline/contract';
import { plainFault } from './plain-fault.ts';

/**
 * Why a call did not give an answer.
 * `refused`: the server answered with a problem (RFC 9457). `unreachable`: no answer came. `slow`: none came in time.
 * `unreadable`: an answer came that is not in the agreed form.
 */
export type ProblemKind = 'refused' | 'unreachable' | 'slow' | 'unreadable';

/** The only error that `call` rejects with, apart from an abort that the caller asked for. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly kind: ProblemKind;
  /** HTTP status, 0 where no answer came. */
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** Faults by field of a form. */
  readonly fields: Readonly<Record<string, string>>;
  /** Where in the search text the fault lies. */
  readonly position: { readonly from: number; readonly to: number } | undefined;

  constructor(kind: ProblemKind, problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? kind);
    this.kind = kind;
    this.status = problem.status ?? 0;
    this.title = problem.title ?? '';
    this.detail = problem.detail ?? '';
    this.fields = Object.fromEntries(
      Object.entries(problem.fields ?? {}).map(([field, fault]) => [field, plainFault(fault)]),
    );
    this.position = problem.position;
  }

  /** Worth asking again by itself: nothing was decided by the server. */
  get passing(): boolean {
    return this.kind === 'unreachable' || this.kind === 'slow' || this.status === 503 || this.status === 502;
  }
}

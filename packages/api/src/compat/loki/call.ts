import type { LogqlScope } from '@sightline/query';
import type { ArchiveAsked } from '../../archive/far-reads.ts';
import type { ApiDeps } from '../../route.ts';
import type { QueryGate } from '../prometheus/gate.ts';
import type { Form } from '../prometheus/parameters.ts';

/** A fault with its status; Loki answers faults as text. */
export class LokiFault {
  readonly status: number;
  readonly message: string;
  constructor(status: number, message: string) {
    this.status = status;
    this.message = message;
  }
}

export interface LokiCall {
  readonly deps: ApiDeps;
  readonly scope: LogqlScope;
  readonly form: Form;
  /** The part of the path that has a name, '' where there is none. */
  readonly name: string;
  /** `X-Loki-Response-Encoding-Flags: categorize-labels`. */
  readonly categorize: boolean;
  readonly signal: AbortSignal;
  readonly gate: QueryGate;
  /** For the audit trail. */
  readonly actor: { readonly name: string; readonly address: string };
  readonly archive: ArchiveAsked;
}

export interface LokiRoute {
  /** Below `/loki/api/v1`. */
  readonly path: string;
  /** What is sent as JSON, or an iterable of its pieces. */
  readonly answer: (call: LokiCall) => Promise<unknown>;
}

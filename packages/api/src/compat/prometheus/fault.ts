import type { QueryFault } from '@sightline/query/promql';

type FaultKind = QueryFault['kind'] | 'not_found' | 'unauthorized' | 'forbidden' | 'too_many_requests';

/** As Prometheus; `unavailable` and what it has no kind for as HTTP has them. */
const statusOf: Readonly<Record<FaultKind, number>> = {
  bad_data: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  execution: 422,
  too_many_requests: 429,
  // The client has gone away; nginx made this number up, and Prometheus answers it.
  canceled: 499,
  internal: 500,
  unavailable: 503,
  timeout: 503,
};

/** `{status: "error", errorType, error}` of Prometheus' API. */
export class ApiFault {
  readonly kind: FaultKind;
  readonly message: string;
  constructor(kind: FaultKind, message: string) {
    this.kind = kind;
    this.message = message;
  }

  get status(): number {
    return statusOf[this.kind];
  }
}

export function badData(message: string): ApiFault {
  return new ApiFault('bad_data', message);
}

export function invalidParameter(name: string, message: string): ApiFault {
  return badData(`invalid parameter "${name}": ${message}`);
}

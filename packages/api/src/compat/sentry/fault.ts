/** A fault in Sentry's form: `{"detail": …}` with its status. */
export class SentryFault {
  readonly status: number;
  readonly detail: string;
  constructor(status: number, detail: string) {
    this.status = status;
    this.detail = detail;
  }
}

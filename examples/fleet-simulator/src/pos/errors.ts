/** The failures that the store's programs raise. */
export class PaymentError extends Error {
  override readonly name = 'PaymentError';
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export class ProcessorTimeout extends Error {
  override readonly name = 'ProcessorTimeout';
}

export class DatabaseTimeout extends Error {
  override readonly name = 'DatabaseTimeout';
}

export class DiskFullError extends Error {
  override readonly name = 'DiskFullError';
}

export class SyncError extends Error {
  override readonly name = 'SyncError';
}

export class CheckoutFailed extends Error {
  override readonly name = 'CheckoutFailed';
}

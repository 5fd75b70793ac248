import { PaymentError, ProcessorTimeout } from './errors.ts';

export interface Charge {
  readonly orderId: string;
  readonly amountCents: number;
  readonly method: string;
  readonly processor: string;
}

function callProcessor(charge: Charge, waitedMs: number): never {
  throw new ProcessorTimeout(`${charge.processor} did not answer within ${waitedMs} ms`);
}

/** What the payment service raises when the processor is down. */
export function authorizeCharge(charge: Charge, waitedMs: number): never {
  try {
    return callProcessor(charge, waitedMs);
  } catch (cause) {
    throw new PaymentError(
      'PROCESSOR_UNAVAILABLE',
      `Authorization of order ${charge.orderId} failed: processor ${charge.processor} unavailable`,
      { cause },
    );
  }
}

/** A card that the bank refuses: everyday business. */
export function declineCharge(charge: Charge): never {
  throw new PaymentError('CARD_DECLINED', `Card declined for order ${charge.orderId}`);
}

import { CheckoutFailed, DatabaseTimeout, DiskFullError, SyncError } from './errors.ts';

export function reserveStock(sku: string, waitedMs: number): never {
  throw new DatabaseTimeout(
    `canceling statement due to statement timeout after ${waitedMs} ms: SELECT quantity FROM inventory WHERE sku = '${sku}' FOR UPDATE`,
  );
}

export function writeJournal(file: string): never {
  throw new DiskFullError(`ENOSPC: no space left on device, write '${file}'`);
}

export function pushBatch(batch: number, pending: number): never {
  throw new SyncError(`Batch ${batch} was not acknowledged by the back office (${pending} waiting)`);
}

export function showCheckoutFailure(status: number): never {
  throw new CheckoutFailed(`Checkout failed with status ${status}`);
}

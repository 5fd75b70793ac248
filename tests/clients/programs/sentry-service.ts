/** A service whose first module was the Data page's snippet: what a shop's back end reports through the stock SDK. */
import { setTimeout as wait } from 'node:timers/promises';
import * as Sentry from '@sentry/node';

const statuses: (number | undefined)[] = [];
const client = Sentry.getClient();
client?.on('afterSendEvent', (_event, reply) => statuses.push(reply.statusCode));
await Sentry.flush(5000);

Sentry.setTags({ 'terminal.id': 'TERM_07', correlation_id: 'corr-node-1' });
Sentry.setUser({ id: 'cashier-12' });
Sentry.setContext('order', { id: 'ORD-1881', amount: 129.95, currency: 'USD' });
Sentry.addBreadcrumb({ category: 'till', message: 'scanned 3 articles' });
Sentry.startSession();
let traceId = '';
await Sentry.startSpan({ name: 'POST /charge', op: 'http.server' }, async (span) => {
  traceId = span.spanContext().traceId;
  await Sentry.startSpan({ name: 'authorise card', op: 'http.client' }, () => wait(5));
  Sentry.logger.warn('card of ana@example.com declined', { attempt: 2, correlation_id: 'corr-node-1' });
  Sentry.captureException(new RangeError('amount is out of range'));
});
Sentry.endSession();
Sentry.captureCheckIn({ monitorSlug: 'nightly-sync', status: 'error' });
Sentry.captureFeedback({ message: 'the printer hangs', name: 'Ana' });
Sentry.withScope((scope) => {
  scope.addAttachment({ filename: 'receipt.txt', data: 'three articles', contentType: 'text/plain' });
  Sentry.captureMessage('drawer is open', 'warning');
});
await Sentry.close(10_000);
console.log(JSON.stringify({ traceId, statuses }));

/** A till's page whose first module was the Data page's snippet. */
import * as Sentry from '@sentry/browser';

Sentry.logger.warn('receipt printer is slow', { attempt: 2 });
setTimeout(() => {
  void Promise.reject(new Error('scale is offline'));
}, 50);
setTimeout(() => {
  // The page-load span ends when the page is left alone; leaving it sends what waits.
  void Sentry.flush(5000).then(() => {
    (globalThis as unknown as { document: { title: string } }).document.title = 'done';
  });
}, 1500);

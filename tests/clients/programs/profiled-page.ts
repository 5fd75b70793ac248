/** A page of a shop that is profiled while it works out a basket. */
import * as Sentry from '@sentry/browser';

declare const shop: { readonly dsn: string };
/** As much of the page as is used here: this program is bundled for a browser. */
declare const document: { title: string };

Sentry.init({
  dsn: shop.dsn,
  release: 'shop@5.0.0',
  environment: 'production',
  integrations: [Sentry.browserProfilingIntegration()],
  tracesSampleRate: 1,
  profileSessionSampleRate: 1,
  profileLifecycle: 'trace',
  initialScope: { tags: { 'site.id': 'STORE_004' } },
});

/** Long enough for samples that are taken every ten milliseconds. */
function workOutDiscounts(untilMs: number): number {
  let sum = 0;
  while (performance.now() < untilMs) sum += priceOfArticles();
  return sum;
}

function priceOfArticles(): number {
  let sum = 0;
  for (let article = 1; article < 20_000; article += 1) sum += Math.sqrt(article) % 7;
  return sum;
}

Sentry.startSpan({ name: 'work out the basket', op: 'ui.action' }, () => {
  Sentry.startSpan({ name: 'discounts', op: 'function' }, () => workOutDiscounts(performance.now() + 600));
});
// The profiler hands over what it has once the last root span has ended.
setTimeout(() => void Sentry.flush(5000).then(() => (document.title = 'sent')), 1500);

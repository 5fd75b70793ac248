/** A page of a shop that records its sessions, with the SDK's own masking. */
import * as Sentry from '@sentry/browser';

declare const shop: { readonly dsn: string; readonly user: string };
/** As much of the page as is used here: this program is bundled for a browser. */
declare const document: {
  title: string;
  querySelector(selector: string): {
    addEventListener(type: string, listener: () => void): void;
    append(text: string): void;
  };
};

const replay = Sentry.replayIntegration({ minReplayDuration: 0, slowClickTimeout: 1000 });
Sentry.init({
  dsn: shop.dsn,
  release: 'shop@4.0.0',
  environment: 'production',
  integrations: [replay],
  replaysSessionSampleRate: 1,
  tracesSampleRate: 0,
  initialScope: { user: { id: shop.user }, tags: { 'site.id': 'STORE_003' } },
});

document.querySelector('#basket').addEventListener('click', () => {
  document.querySelector('#said').append('Basket of Ana Torres opened');
});
document.querySelector('#charge').addEventListener('click', () => {
  console.warn('the card reader answers late');
  // What is sent last names the error that was sent before it, and the clicks that the SDK has judged by then.
  setTimeout(() => {
    void Sentry.flush(5000)
      .then(() => replay.flush())
      .then(() => (document.title = 'sent'));
  }, 2500);
  throw new Error('the card reader lost its session');
});

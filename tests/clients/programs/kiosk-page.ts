/** A kiosk of React whose build was uploaded: what it throws must be found where it was written. */
import * as Sentry from '@sentry/react';
import { createElement, type ReactNode, useState } from 'react';
import { createRoot } from 'react-dom/client';

declare const kiosk: { readonly dsn: string };
interface Page {
  readonly body: Parameters<typeof createRoot>[0];
  title: string;
}
const { document: page } = globalThis as unknown as { document: Page };

Sentry.init({
  dsn: kiosk.dsn,
  environment: 'production',
  initialScope: { tags: { 'site.id': 'STORE_047' } },
});

interface Basket {
  readonly articles: readonly { readonly price: number }[];
}

function chargeBasket(basket: Basket | undefined): number {
  if (basket === undefined) {
    throw new TypeError('the basket was emptied while it was charged');
  }
  return basket.articles.reduce((sum, { price }) => sum + price, 0);
}

function Kiosk(): ReactNode {
  const [charged, setCharged] = useState(0);
  const pay = (): void => {
    const empty = [] as Basket[];
    setCharged(chargeBasket(empty[0]));
  };
  return createElement('button', { id: 'pay', onClick: pay }, `Pay (${charged})`);
}

createRoot(page.body).render(createElement(Kiosk));
Sentry.getClient()?.on('afterSendEvent', () => (page.title = 'sent'));

import * as Sentry from '@sentry/react';
import { useState, type ReactNode } from 'react';
import { LastScreen, Recovery } from './recovery.tsx';
import { useThrow } from './use-throw.ts';

const stockFailed: Sentry.FallbackRender = (failure) => <Recovery what="The stock list" {...failure} />;
const paymentFailed: Sentry.FallbackRender = (failure) => <Recovery what="The payment" {...failure} />;

/** The whole app, and each feature, behind a boundary: what fails takes no more with it than it must. */
export function Kiosk(): ReactNode {
  return (
    <Sentry.ErrorBoundary fallback={<LastScreen />} showDialog dialogOptions={{ title: 'The kiosk stopped' }}>
      <Order />
      <Sentry.ErrorBoundary fallback={stockFailed}>
        <Stock />
      </Sentry.ErrorBoundary>
      <Sentry.ErrorBoundary fallback={paymentFailed}>
        <Payment />
      </Sentry.ErrorBoundary>
    </Sentry.ErrorBoundary>
  );
}

/** Fails while the app draws: its total is of a basket that is not there. */
function Order(): ReactNode {
  const [basket, setBasket] = useState<{ total: number } | undefined>({ total: 12.5 });
  return (
    <section>
      <h1>Order</h1>
      <p>Total {totalOf(basket).toFixed(2)}</p>
      <button type="button" onClick={() => setBasket(undefined)}>
        Lose the basket
      </button>
    </section>
  );
}

function totalOf(basket: { total: number } | undefined): number {
  if (basket === undefined) throw new TypeError('the order has no basket');
  return basket.total;
}

/** Fails while it draws: one row comes without its article. */
function Stock(): ReactNode {
  const [rows, setRows] = useState<(string | null)[]>(['Cola', 'Chips']);
  return (
    <section>
      <h2>Stock</h2>
      <StockList rows={rows} />
      <button type="button" onClick={() => setRows([...rows, null])}>
        Load a broken row
      </button>
    </section>
  );
}

function StockList({ rows }: { readonly rows: readonly (string | null)[] }): ReactNode {
  return (
    <ul>
      {rows.map((article, index) => (
        <StockRow key={index} article={article} />
      ))}
    </ul>
  );
}

function StockRow({ article }: { readonly article: string | null }): ReactNode {
  if (article === null) throw new RangeError('a stock row has no article');
  return <li>{article}</li>;
}

/** Fails after it drew: the terminal refuses. */
function Payment(): ReactNode {
  const throwLater = useThrow();
  return (
    <section>
      <h2>Payment</h2>
      <button type="button" onClick={() => void pay().catch(throwLater)}>
        Pay
      </button>
    </section>
  );
}

async function pay(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  throw new Error('the card terminal refused');
}

import type { SiteSummary } from '@sightline/contract';

/** Below this share of payments that go through, the money is what to say first. */
const failingPayments = 0.9;

/**
 * The worst thing about a site in a few words, '' where there is none: `payments failing`, `error rate 16 %`, `silent`.
 * A site in trouble whose payments fail is said to fail payments, whatever else shows it.
 */
export function troubleText(site: Pick<SiteSummary, 'state' | 'worst' | 'paymentSuccess'>): string {
  const paying = site.paymentSuccess === null || site.paymentSuccess >= failingPayments;
  if ((site.state === 'unhealthy' || site.state === 'degraded') && !paying) return 'payments failing';
  return site.worst;
}

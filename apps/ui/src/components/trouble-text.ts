import type { SiteSummary } from '@sightline/contract';

const payments = 'payments failing';

/**
 * The worst thing about a site in a few words, '' where there is none: `payments failing`, `error rate 16 %`, `silent`. How many
 * payments fail is not said: of a handful a share tells nothing.
 */
export function troubleText({ worst }: Pick<SiteSummary, 'worst'>): string {
  return worst.startsWith(payments) ? payments : worst;
}

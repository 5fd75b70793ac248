/** Where a service stands between the customer and the disk, in the order in which a sale passes. */
export type Tier = 'terminal' | 'gateway' | 'service' | 'database';

export const tierTitles: Readonly<Record<Tier, string>> = {
  terminal: 'Terminals',
  gateway: 'Gateway',
  service: 'Services',
  database: 'Data',
};

const words: readonly (readonly [Tier, RegExp])[] = [
  [
    'database',
    /(^|[-_.])(postgres(ql)?|mysql|mariadb|mongo(db)?|redis|sqlite|db|database|rabbitmq|kafka|queue|cache)([-_.]|$)/i,
  ],
  ['gateway', /gateway|proxy|nginx|ingress|traefik|haproxy|bff|edge/i],
  [
    'terminal',
    /terminal|(^|[-_.])pos([-_.]|$)|kiosk|browser|frontend|front-end|register|checkout-ui|(^|[-_.])(web|ui)([-_.]|$)/i,
  ],
];

/** The tier that a service's name tells; what tells nothing is a service. */
export function tierOf(service: string): Tier {
  return words.find(([, pattern]) => pattern.test(service))?.[0] ?? 'service';
}

/** The tiers that have something, in the order of a sale. */
export function byTier<T extends { readonly service: string }>(
  services: readonly T[],
): readonly { readonly tier: Tier; readonly services: readonly T[] }[] {
  return (['terminal', 'gateway', 'service', 'database'] as const)
    .map((tier) => ({ tier, services: services.filter((s) => tierOf(s.service) === tier) }))
    .filter((t) => t.services.length > 0);
}

/** A fault that a person switches on to see the product find it. */
export interface FaultDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Stores it strikes unless told otherwise, by their place in the chain (0-based). */
  readonly strikes: (index: number) => boolean;
}

/** The payment processor of every third store. */
const onSuncard = (index: number): boolean => index % 3 === 0;

export const faults: readonly FaultDefinition[] = [
  {
    name: 'payment-outage',
    title: 'Payment processor outage',
    description: 'The processor Suncard times out: card payments fail in the stores that use it.',
    strikes: onSuncard,
  },
  {
    name: 'store-offline',
    title: 'Store offline',
    description: 'The store loses its Internet link: nothing arrives from it any more.',
    strikes: (index) => index === 46,
  },
  {
    name: 'slow-database',
    title: 'Slow database',
    description: 'A missing index: inventory queries take seconds.',
    strikes: (index) => index % 10 === 4,
  },
  {
    name: 'disk-filling',
    title: 'Disk filling',
    description: 'Log files fill the disk at a percent every ten seconds, until writes fail.',
    strikes: (index) => index === 11,
  },
  {
    name: 'memory-leak',
    title: 'Memory leak',
    description: 'The orders service leaks until it is killed for memory and starts again.',
    strikes: (index) => index === 22 || index === 63,
  },
  {
    name: 'bad-release',
    title: 'Bad release',
    description: 'Orders 2.5.0 reaches some stores and fails on orders with a discount.',
    strikes: (index) => index % 8 === 2,
  },
  {
    name: 'queue-backlog',
    title: 'Queue backlog',
    description: 'Back-office sync stops: its queue grows and syncs fail.',
    strikes: (index) => index % 20 === 8,
  },
];

/** Which stores each fault strikes at the moment. */
export class FaultBoard {
  readonly #codes: readonly string[];
  readonly #active = new Map<string, { sites: Set<string>; sinceMs: number }>();

  constructor(codes: readonly string[]) {
    this.#codes = codes;
  }

  /** Switches a fault; empty `sites` means the stores it strikes by nature. False when there is no such fault. */
  switch(name: string, active: boolean, sites: readonly string[], nowMs: number): boolean {
    const definition = faults.find((fault) => fault.name === name);
    if (!definition) return false;
    if (!active) {
      this.#active.delete(name);
      return true;
    }
    const struck = sites.length > 0 ? sites : this.#codes.filter((_, index) => definition.strikes(index));
    this.#active.set(name, { sites: new Set(struck), sinceMs: nowMs });
    return true;
  }

  strikes(name: string, site: string): boolean {
    return this.#active.get(name)?.sites.has(site) ?? false;
  }

  /** Milliseconds for which the fault has held; 0 when it does not strike the site. */
  heldMs(name: string, site: string, nowMs: number): number {
    const entry = this.#active.get(name);
    return entry?.sites.has(site) ? nowMs - entry.sinceMs : 0;
  }

  list(): { name: string; title: string; description: string; active: boolean; sites: string[] }[] {
    return faults.map(({ name, title, description }) => ({
      name,
      title,
      description,
      active: this.#active.has(name),
      sites: [...(this.#active.get(name)?.sites ?? [])],
    }));
  }
}

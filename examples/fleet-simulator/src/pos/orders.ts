interface Discount {
  readonly percent: number;
}

interface Order {
  readonly id: string;
  readonly totalCents: number;
  readonly discount?: { readonly rule?: Discount };
}

/** Release 2.5.0 reads the rule of a discount without asking whether it has one. */
export function applyDiscount(order: Order): number {
  const rule = order.discount?.rule as Discount;
  return Math.round(order.totalCents * (1 - rule.percent / 100));
}

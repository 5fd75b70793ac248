/** What is written in a line of the form; a number field that is empty is ''. */
export interface PriceLine {
  readonly key: number;
  readonly model: string;
  readonly inputUsd: number | string;
  readonly outputUsd: number | string;
}

/** US dollars for a million tokens, by the beginning of a model's name. */
export type Prices = Readonly<Record<string, { readonly inputUsd: number; readonly outputUsd: number }>>;

/** `$0.60`, `$10.00`, `$0.075`: cents at least, as prices are written. */
export const priceText = (usd: number): string =>
  `$${usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 6 })}`;

export const pricesAtMost = 500;
const dearest = 1e6;

/** The lines of a form from what is kept, and one for `asked` where no line begins its name. */
export function linesOf(own: Prices, asked: string): readonly PriceLine[] {
  const lines = Object.entries(own)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([model, price], key): PriceLine => ({ key, model, ...price }));
  const name = asked.trim().toLowerCase();
  if (name === '' || lines.some(({ model }) => name.startsWith(model))) return lines;
  return [...lines, { key: lines.length, model: name, inputUsd: '', outputUsd: '' }];
}

/** The prices that the lines stand for, or what is wrong by the key of its line. */
export function readLines(
  lines: readonly PriceLine[],
): { readonly prices: Prices } | { readonly faults: ReadonlyMap<number, string> } {
  const faults = new Map<number, string>();
  const prices = new Map<string, Prices[string]>();
  for (const { key, model, inputUsd, outputUsd } of lines) {
    const name = model.trim().toLowerCase();
    const numbers = [inputUsd, outputUsd].map((value) => (value === '' ? Number.NaN : Number(value)));
    const [input = Number.NaN, output = Number.NaN] = numbers;
    if (name === '') faults.set(key, 'Name the model, or how its name begins.');
    else if (name.length > 200) faults.set(key, 'At most 200 characters.');
    else if (prices.has(name)) faults.set(key, 'Another line has this name.');
    else if (!numbers.every((value) => value >= 0 && value <= dearest))
      faults.set(key, 'Both prices are numbers from 0 to 1,000,000.');
    prices.set(name, { inputUsd: input, outputUsd: output });
  }
  return faults.size > 0 ? { faults } : { prices: Object.fromEntries(prices) };
}

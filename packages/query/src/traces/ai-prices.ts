/** US dollars for a million tokens. */
export interface TokenPrice {
  readonly inputUsd: number;
  readonly outputUsd: number;
}

/**
 * List prices by the beginning of a model's name, the longest beginning that fits counts. Providers change them: where a span
 * tells `gen_ai.usage.cost` that is believed instead.
 */
export const bundledPrices: Readonly<Record<string, TokenPrice>> = {
  'gpt-4o-mini': { inputUsd: 0.15, outputUsd: 0.6 },
  'gpt-4o': { inputUsd: 2.5, outputUsd: 10 },
  'gpt-4.1-nano': { inputUsd: 0.1, outputUsd: 0.4 },
  'gpt-4.1-mini': { inputUsd: 0.4, outputUsd: 1.6 },
  'gpt-4.1': { inputUsd: 2, outputUsd: 8 },
  'gpt-5-nano': { inputUsd: 0.05, outputUsd: 0.4 },
  'gpt-5-mini': { inputUsd: 0.25, outputUsd: 2 },
  'gpt-5': { inputUsd: 1.25, outputUsd: 10 },
  'o3-mini': { inputUsd: 1.1, outputUsd: 4.4 },
  'o4-mini': { inputUsd: 1.1, outputUsd: 4.4 },
  o3: { inputUsd: 2, outputUsd: 8 },
  'text-embedding-3-small': { inputUsd: 0.02, outputUsd: 0 },
  'text-embedding-3-large': { inputUsd: 0.13, outputUsd: 0 },
  'claude-3-5-haiku': { inputUsd: 0.8, outputUsd: 4 },
  'claude-3-5-sonnet': { inputUsd: 3, outputUsd: 15 },
  'claude-3-7-sonnet': { inputUsd: 3, outputUsd: 15 },
  'claude-3-haiku': { inputUsd: 0.25, outputUsd: 1.25 },
  'claude-3-opus': { inputUsd: 15, outputUsd: 75 },
  'claude-haiku-4': { inputUsd: 1, outputUsd: 5 },
  'claude-sonnet-4': { inputUsd: 3, outputUsd: 15 },
  'claude-opus-4': { inputUsd: 15, outputUsd: 75 },
  'gemini-1.5-flash': { inputUsd: 0.075, outputUsd: 0.3 },
  'gemini-1.5-pro': { inputUsd: 1.25, outputUsd: 5 },
  'gemini-2.0-flash': { inputUsd: 0.1, outputUsd: 0.4 },
  'gemini-2.5-flash': { inputUsd: 0.3, outputUsd: 2.5 },
  'gemini-2.5-pro': { inputUsd: 1.25, outputUsd: 10 },
  'mistral-large': { inputUsd: 2, outputUsd: 6 },
  'mistral-small': { inputUsd: 0.1, outputUsd: 0.3 },
  'deepseek-chat': { inputUsd: 0.27, outputUsd: 1.1 },
  'deepseek-reasoner': { inputUsd: 0.55, outputUsd: 2.19 },
};

/** The price of a model: of `own` first, then the bundled ones; undefined where none is known. A prefix `vendor/` is left out. */
export function priceOf(model: string, own: Readonly<Record<string, TokenPrice>> = {}): TokenPrice | undefined {
  const name = model.toLowerCase();
  const bare = name.slice(name.lastIndexOf('/') + 1);
  for (const prices of [own, bundledPrices]) {
    const fits = Object.keys(prices).filter((prefix) => bare.startsWith(prefix) || name.startsWith(prefix));
    const longest = fits.toSorted((a, b) => b.length - a.length)[0];
    if (longest !== undefined) return prices[longest];
  }
  return undefined;
}

/** US dollars of some tokens; undefined where the model has no price. */
export function costUsd(
  model: string,
  inputTokens: number,
  outputTokens: number,
  own: Readonly<Record<string, TokenPrice>> = {},
): number | undefined {
  if (inputTokens === 0 && outputTokens === 0) return 0;
  const price = priceOf(model, own);
  return price && (inputTokens * price.inputUsd + outputTokens * price.outputUsd) / 1e6;
}

import { z } from 'zod';
import { done } from './common.ts';
import { endpoint } from './endpoint.ts';

/** US dollars for a million tokens. */
const price = z.object({ inputUsd: z.number().min(0).max(1e6), outputUsd: z.number().min(0).max(1e6) });
/** By the beginning of a model's name, lower case; the longest beginning that fits counts. */
const prices = z
  .record(z.string().min(1).max(200).toLowerCase(), price)
  .refine((all) => Object.keys(all).length <= 500, 'at most 500 models');

export const getAiPrices = endpoint({
  method: 'GET',
  path: '/api/v1/traces/ai/prices',
  summary: 'What tokens cost: the bundled list, and the prices of this organisation that go before it',
  permission: 'viewer',
  reply: z.object({ bundled: prices, own: prices }),
});
export const setAiPrices = endpoint({
  method: 'PUT',
  path: '/api/v1/traces/ai/prices',
  summary: 'Set prices that go before the bundled list',
  permission: 'admin',
  body: z.object({ own: prices }),
  reply: done,
});

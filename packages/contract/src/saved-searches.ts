import { z } from 'zod';
import { done, relativeRange } from './common.ts';
import { endpoint } from './endpoint.ts';

const searchToSave = z.object({
  name: z.string().trim().min(1).max(100),
  query: z.string().max(4000),
  /** '' leaves each as the person has it. */
  scope: z.object({
    environment: z.string().max(200).default(''),
    site: z.string().max(200).default(''),
    service: z.string().max(200).default(''),
    /** A relative range of the page. */
    range: z.union([z.literal(''), relativeRange]).default(''),
  }),
  /** Fields before the message; none are the usual ones. */
  columns: z.array(z.string().min(1).max(200)).max(6).default([]),
});
const savedSearch = searchToSave.extend({ id: z.string(), createdAt: z.number(), createdBy: z.string() });
export type SavedSearch = z.infer<typeof savedSearch>;

export const listSavedSearches = endpoint({
  method: 'GET',
  path: '/api/v1/saved-searches',
  summary: 'Saved searches over logs, by name',
  permission: 'viewer',
  reply: z.object({ searches: z.array(savedSearch) }),
});
export const addSavedSearch = endpoint({
  method: 'POST',
  path: '/api/v1/saved-searches',
  summary: 'Save a search over logs for everybody in the organisation',
  permission: 'responder',
  body: searchToSave,
  reply: savedSearch,
});
export const deleteSavedSearch = endpoint({
  method: 'DELETE',
  path: '/api/v1/saved-searches/:id',
  summary: 'Delete a saved search over logs',
  permission: 'responder',
  params: z.object({ id: z.string().max(100) }),
  reply: done,
});

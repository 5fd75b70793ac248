import { z } from 'zod';
import { endpoint } from './endpoint.ts';

const ownershipMode = z.enum(['off', 'suggest', 'assign']);
const rulesText = z.object({ content: z.string(), updatedAt: z.number().nullable(), updatedBy: z.string() });
export const getErrorRules = endpoint({
  method: 'GET',
  path: '/api/v1/error-rules',
  summary: 'Rules about errors: how they are grouped and whose they are',
  permission: 'viewer',
  reply: z.object({ fingerprint: rulesText, stack: rulesText, ownership: rulesText, ownershipMode }),
});
export const putOwnershipMode = endpoint({
  method: 'PUT',
  path: '/api/v1/ownership-mode',
  summary:
    'Choose what ownership rules do with a new issue: nothing, suggest an owner, or assign it and tell the owner',
  permission: 'admin',
  body: z.object({ mode: ownershipMode }),
  reply: z.object({ mode: ownershipMode }),
});
export const putErrorRules = endpoint({
  method: 'PUT',
  path: '/api/v1/error-rules/:kind',
  summary: 'Replace the fingerprint, stack-trace or ownership rules; a fault refuses all of them and tells its line',
  permission: 'admin',
  params: z.object({ kind: z.enum(['fingerprint', 'stack', 'ownership']) }),
  body: z.object({ content: z.string().max(65_536) }),
  reply: rulesText.extend({ rules: z.number() }),
});

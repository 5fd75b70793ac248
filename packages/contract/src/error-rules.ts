import { z } from 'zod';
import { endpoint } from './endpoint.ts';

const rulesText = z.object({ content: z.string(), updatedAt: z.number().nullable(), updatedBy: z.string() });
export const getErrorRules = endpoint({
  method: 'GET',
  path: '/api/v1/error-rules',
  summary: 'Rules about errors: how they are grouped and whose they are',
  permission: 'viewer',
  reply: z.object({ fingerprint: rulesText, stack: rulesText, ownership: rulesText }),
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

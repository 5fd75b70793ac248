import { z } from 'zod';
import { done } from './common.ts';
import { endpoint } from './endpoint.ts';

const name = z.object({
  name: z.string().regex(/^[\w.@-]{1,200}$/, 'expected 1 to 200 letters, digits and . _ - @, such as node.rules.yml'),
});
const ruleFile = z.object({
  name: z.string(),
  sizeBytes: z.number(),
  updatedAt: z.number(),
  updatedBy: z.string(),
});

export const listRuleFiles = endpoint({
  method: 'GET',
  path: '/api/v1/rule-files',
  summary: 'Prometheus rule files of the organisation, by name',
  permission: 'viewer',
  reply: z.object({ files: z.array(ruleFile) }),
});
export const getRuleFile = endpoint({
  method: 'GET',
  path: '/api/v1/rule-files/:name',
  summary: 'One rule file with its content',
  permission: 'viewer',
  params: name,
  reply: ruleFile.extend({ content: z.string() }),
});
export const putRuleFile = endpoint({
  method: 'PUT',
  path: '/api/v1/rule-files/:name',
  summary:
    'Create or replace a Prometheus rule file; what Prometheus would refuse is refused with the place of each fault',
  permission: 'admin',
  params: name,
  body: z.object({ content: z.string().max(900_000) }),
  reply: ruleFile.extend({ groups: z.number(), rules: z.number() }),
});
export const deleteRuleFile = endpoint({
  method: 'DELETE',
  path: '/api/v1/rule-files/:name',
  summary: 'Delete a rule file; alerts of its rules are over',
  permission: 'admin',
  params: name,
  reply: done,
});

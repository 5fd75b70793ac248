import { z } from 'zod';
import { done } from './common.ts';
import { endpoint } from './endpoint.ts';

const name = z.object({
  name: z.string().regex(
    // A namespace of Loki's ruler may be called anything.
    /^(?:[\w.@-]{1,200}|logql:[^\p{Cc}]{1,150})$/u,
    'expected 1 to 200 letters, digits and . _ - @, such as node.rules.yml; behind logql:, for rules over logs, any name',
  ),
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
  summary: 'Rule files of the organisation, Prometheus’ and those over logs (logql:…), by name',
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
    'Create or replace a rule file of Prometheus, or with a name that begins with logql: one whose expressions are LogQL; what Prometheus or Loki would refuse is refused with the place of each fault',
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

const fileRule = z.object({
  name: z.string(),
  type: z.enum(['alerting', 'recording']),
  expression: z.string(),
  health: z.enum(['ok', 'err', 'unknown']),
  /** '' without one. */
  lastError: z.string(),
  /** Of an alerting rule: the worst of its alerts; null for a recording one. */
  state: z.enum(['inactive', 'pending', 'firing']).nullable(),
  /** Its alerts that are pending or fire, the oldest first, fifty at most. */
  alerts: z.array(
    z.object({ labels: z.record(z.string(), z.string()), state: z.enum(['pending', 'firing']), since: z.number() }),
  ),
  alertCount: z.number(),
});
export type FileRule = z.infer<typeof fileRule>;

export const listFileRuleGroups = endpoint({
  method: 'GET',
  path: '/api/v1/rule-groups',
  summary: 'Groups of all rule files at work, from the API and from disk, with the state of each rule',
  permission: 'viewer',
  reply: z.object({
    /** False where this server evaluates no rule files: then nothing is known of their state. */
    evaluated: z.boolean(),
    groups: z.array(
      z.object({
        file: z.string(),
        language: z.enum(['promql', 'logql']),
        name: z.string(),
        intervalMs: z.number(),
        /** Null before the first. */
        lastEvaluationAt: z.number().nullable(),
        evaluationMs: z.number(),
        rules: z.array(fileRule),
      }),
    ),
    /** Groups beyond 500 that are left out. */
    omitted: z.number(),
  }),
});
export type FileRuleGroup = z.infer<typeof listFileRuleGroups.reply>['groups'][number];

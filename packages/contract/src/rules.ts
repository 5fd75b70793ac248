import { z } from 'zod';
import { findingSeverities } from '@sightline/record';
import { attributes, done, point } from './common.ts';
import { endpoint } from './endpoint.ts';

export const ruleSeverity = z.enum(findingSeverities);
export type RuleSeverity = z.infer<typeof ruleSeverity>;

const dayMs = 86_400_000;
/** What a person decides about a rule. `settings` are those of its kind; the server checks them and names the faulty field. */
export const ruleValues = z.object({
  name: z.string().trim().min(1).max(200),
  description: z.string().max(2000).default(''),
  /** `threshold`, `absence`, `issues`, `new-pattern` or `feedback`. */
  type: z.string().max(50),
  settings: z.record(z.string(), z.unknown()),
  severity: ruleSeverity,
  enabled: z.boolean().default(true),
  /** Id of the escalation policy; '' is the organisation's default. */
  policy: z.string().max(100).default(''),
  runbook: z.string().max(4000).default(''),
  /** Labels that every finding of the rule carries, at most 20. */
  labels: z
    .record(z.string().regex(/^[\w.@:/-]{1,100}$/, 'expected letters, digits and . _ - / @ :'), z.string().max(500))
    .refine((labels) => Object.keys(labels).length <= 20, 'at most 20 labels')
    .default({}),
  /** Between two evaluations. */
  everyMs: z.number().int().min(10_000).max(dayMs).default(30_000),
  /** How long the condition must hold before it is told. */
  forMs: z.number().int().min(0).max(dayMs).default(0),
});
export type RuleValues = z.infer<typeof ruleValues>;

export const rule = ruleValues.extend({
  id: z.string(),
  /** Which of the ready rules it is; '' for those people made. */
  ready: z.string(),
  createdAt: z.number(),
  updatedAt: z.number(),
  /** '' is Sightline itself. */
  updatedBy: z.string(),
  lastRunAt: z.number().nullable(),
  lastError: z.string(),
  /** Groups that fire, and that wait for the rule's `for`. */
  firing: z.number(),
  pending: z.number(),
  /** The limit in words: "> 10 %". */
  limit: z.string(),
  /** The span of time that one evaluation looks at; 0 where the settings do not fit. */
  windowMs: z.number(),
});
export type Rule = z.infer<typeof rule>;

export const listRules = endpoint({
  method: 'GET',
  path: '/api/v1/rules',
  summary: 'Rules by name, with what they find at the moment',
  permission: 'viewer',
  reply: z.object({ rules: z.array(rule) }),
});

const id = z.object({ id: z.string().max(100) });
export const getRule = endpoint({
  method: 'GET',
  path: '/api/v1/rules/:id',
  summary: 'One rule',
  permission: 'viewer',
  params: id,
  reply: rule,
});
export const createRule = endpoint({
  method: 'POST',
  path: '/api/v1/rules',
  summary: 'Create a rule',
  permission: 'admin',
  body: ruleValues,
  reply: rule,
});
export const updateRule = endpoint({
  method: 'PUT',
  path: '/api/v1/rules/:id',
  summary: 'Change a rule',
  permission: 'admin',
  params: id,
  body: ruleValues,
  reply: rule,
});
export const enableRule = endpoint({
  method: 'PUT',
  path: '/api/v1/rules/:id/enabled',
  summary: 'Switch a rule on or off; off, what it found counts as over',
  permission: 'admin',
  params: id,
  body: z.object({ enabled: z.boolean() }),
  reply: rule,
});
export const deleteRule = endpoint({
  method: 'DELETE',
  path: '/api/v1/rules/:id',
  summary: 'Delete a rule; what it found counts as over',
  permission: 'admin',
  params: id,
  reply: done,
});

export const ruleGroup = z.object({
  labels: attributes,
  title: z.string(),
  state: z.enum(['pending', 'firing']),
  since: z.number(),
  value: z.number().nullable(),
  /** The measure in one line. */
  summary: z.string(),
  /** Path within the interface that shows it. */
  link: z.string(),
});
export const listRuleGroups = endpoint({
  method: 'GET',
  path: '/api/v1/rules/:id/groups',
  summary: 'Groups of a rule that are not well: firing first, oldest first, at most 500',
  permission: 'viewer',
  params: id,
  reply: z.object({ groups: z.array(ruleGroup) }),
});

/** Evaluates without saving: now, and at some hundred moments of the last hours. */
export const previewRule = endpoint({
  method: 'POST',
  path: '/api/v1/rules/preview',
  summary: 'What a rule says now, and when it would have fired in the last hours',
  permission: 'viewer',
  body: ruleValues
    .pick({ name: true, type: true, settings: true, everyMs: true, forMs: true })
    .extend({ name: z.string().max(200).default(''), hours: z.number().min(1).max(168).default(6) }),
  reply: z.object({
    at: z.number(),
    from: z.number(),
    stepMs: z.number(),
    threshold: z.number(),
    operator: z.enum(['>', '>=', '<', '<=']),
    unit: z.string(),
    now: z.array(z.object({ labels: attributes, value: z.number(), holds: z.boolean(), summary: z.string() })),
    groups: z.number(),
    series: z.array(z.object({ labels: attributes, points: z.array(point) })),
    episodes: z.array(z.object({ labels: attributes, title: z.string(), from: z.number(), to: z.number().nullable() })),
    episodesTotal: z.number(),
    notes: z.array(z.string()),
  }),
});

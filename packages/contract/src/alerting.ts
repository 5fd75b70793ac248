import { z } from 'zod';
import { done, page } from './common.ts';
import { endpoint } from './endpoint.ts';

const id = z.object({ id: z.string().max(100) });
const name = z.string().trim().min(1, 'must not be empty').max(100);

/** How a form draws one setting of a channel. */
export const settingField = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string().optional(),
  placeholder: z.string().optional(),
  kind: z.enum(['text', 'number', 'choice', 'switch', 'list', 'record']),
  required: z.boolean(),
  /** Kept sealed; comes back as `keptSecret`, and that leaves it as it is. Of a record: all its values. */
  secret: z.boolean(),
  choices: z.array(z.string()),
  default: z.unknown().optional(),
});
export type SettingField = z.infer<typeof settingField>;

export const channelType = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  fields: z.array(settingField),
});
export type ChannelType = z.infer<typeof channelType>;

export const channel = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  /** Secrets replaced by `keptSecret`; null when they cannot be opened any more and must be entered again. */
  settings: z.record(z.string(), z.unknown()).nullable(),
  enabled: z.boolean(),
  updatedAt: z.number(),
  updatedBy: z.string(),
  lastDeliveredAt: z.number().nullable(),
  lastFailedAt: z.number().nullable(),
  /** Why the newest message failed; '' when it did not. */
  lastError: z.string(),
  /** Names of the policies that tell it. */
  policies: z.array(z.string()),
});
export type AlertChannel = z.infer<typeof channel>;

export const listChannels = endpoint({
  method: 'GET',
  path: '/api/v1/channels',
  summary: 'Channels through which people are told, and the kinds there are',
  permission: 'viewer',
  reply: z.object({ channels: z.array(channel), types: z.array(channelType), keptSecret: z.string() }),
});
const channelBody = z.object({
  name,
  type: z.string().max(50),
  settings: z.record(z.string().max(100), z.unknown()),
  enabled: z.boolean().default(true),
});
export const createChannel = endpoint({
  method: 'POST',
  path: '/api/v1/channels',
  summary: 'Add a channel; the first brings the default policy',
  permission: 'admin',
  body: channelBody,
  reply: channel,
});
export const updateChannel = endpoint({
  method: 'PATCH',
  path: '/api/v1/channels/:id',
  summary: 'Change a channel; secrets sent as they came stay as they are',
  permission: 'admin',
  params: id,
  body: z.object({
    name: name.optional(),
    settings: channelBody.shape.settings.optional(),
    enabled: z.boolean().optional(),
  }),
  reply: channel,
});
export const removeChannel = endpoint({
  method: 'DELETE',
  path: '/api/v1/channels/:id',
  summary: 'Remove a channel from the policies, and for good',
  permission: 'admin',
  params: id,
  reply: done,
});

export const deliveryAttempt = z.object({
  at: z.number(),
  ending: z.enum(['delivered', 'retry', 'failed']),
  /** What the receiver answered, or what went wrong. */
  detail: z.string(),
  tookMs: z.number(),
});
export const delivery = z.object({
  id: z.string(),
  /** Null for a test. */
  incident: z.object({ id: z.string(), number: z.number(), title: z.string() }).nullable(),
  channel: z.string(),
  channelName: z.string(),
  channelType: z.string(),
  kind: z.enum([
    'opened',
    'escalated',
    'worse',
    'acknowledged',
    'resolved',
    'reopened',
    'fallback',
    'assigned',
    'test',
  ]),
  round: z.number(),
  step: z.number(),
  note: z.string(),
  /** In place of the channel's own receivers; empty otherwise. */
  receivers: z.array(z.string()),
  status: z.enum(['waiting', 'delivered', 'failed', 'cancelled']),
  attempts: z.number(),
  /** The last 20 tries, oldest first. */
  log: z.array(deliveryAttempt),
  /** When it is tried next, while it waits. */
  nextAt: z.number(),
  createdAt: z.number(),
  finishedAt: z.number().nullable(),
});
export type Delivery = z.infer<typeof delivery>;

export const testChannel = endpoint({
  method: 'POST',
  path: '/api/v1/channels/:id/test',
  summary: 'Send a test message now; answers what the receiver said',
  permission: 'admin',
  params: id,
  reply: delivery,
});
export const listDeliveries = endpoint({
  method: 'GET',
  path: '/api/v1/deliveries',
  summary: 'Messages to channels with every attempt, newest first',
  permission: 'viewer',
  query: z.object({
    ...page,
    limit: z.coerce.number().int().min(1).max(500).default(100),
    channel: z.string().max(100).default(''),
    incident: z.string().max(100).default(''),
    status: z.enum(['', 'waiting', 'delivered', 'failed', 'cancelled']).default(''),
  }),
  reply: z.object({ deliveries: z.array(delivery), next: z.string() }),
});

export const policyStep = z.object({
  /** After the step before; of the first, after the incident opened. */
  waitMs: z.number().int().min(0),
  /** Ids of channels. */
  channels: z.array(z.string().max(100)).max(20),
  /** Slugs of teams: their people are told by e-mail. */
  teams: z.array(z.string().max(60)).max(20).default([]),
});
export const policy = z.object({
  id: z.string(),
  name: z.string(),
  steps: z.array(policyStep),
  /** How many more times the steps are walked when nobody acknowledges. */
  repeats: z.number(),
  isDefault: z.boolean(),
  updatedAt: z.number(),
  updatedBy: z.string(),
  /** What keeps it from reaching anybody, or parts of it; '' when nothing does. */
  trouble: z.string(),
});
export type Policy = z.infer<typeof policy>;
const policyBody = z.object({
  name,
  steps: z.array(policyStep).max(20),
  repeats: z.number().int().min(0).max(100),
  isDefault: z.boolean().default(false),
});
export const listPolicies = endpoint({
  method: 'GET',
  path: '/api/v1/policies',
  summary: 'Who is told when; the default first',
  permission: 'viewer',
  reply: z.object({ policies: z.array(policy) }),
});
export const createPolicy = endpoint({
  method: 'POST',
  path: '/api/v1/policies',
  summary: 'Add an escalation policy',
  permission: 'admin',
  body: policyBody,
  reply: policy,
});
export const updatePolicy = endpoint({
  method: 'PUT',
  path: '/api/v1/policies/:id',
  summary: 'Change an escalation policy; incidents that are open follow it from their next step',
  permission: 'admin',
  params: id,
  body: policyBody,
  reply: policy,
});
export const removePolicy = endpoint({
  method: 'DELETE',
  path: '/api/v1/policies/:id',
  summary: 'Remove an escalation policy; what named it goes by the default',
  permission: 'admin',
  params: id,
  reply: done,
});

/** Alertmanager's form. */
export const matcher = z.object({
  name: z.string().max(200),
  value: z.string().max(500),
  isRegex: z.boolean(),
  isEqual: z.boolean(),
});
export type Matcher = z.infer<typeof matcher>;
export const silence = z.object({
  id: z.string(),
  matchers: z.array(matcher),
  startsAt: z.number(),
  endsAt: z.number(),
  state: z.enum(['active', 'pending', 'expired']),
  createdBy: z.string(),
  comment: z.string(),
  createdAt: z.number(),
  /** Titles of what it holds back at the moment, at most 20; `holdsBackAll` counts all. */
  holdsBack: z.array(z.string()),
  holdsBackAll: z.number(),
});
export type Silence = z.infer<typeof silence>;
const silenceBody = z.object({
  matchers: z.array(matcher).min(1, 'must hold at least one').max(20),
  startsAt: z.number().int().optional(),
  endsAt: z.number().int(),
  comment: z.string().trim().min(1, 'must say why').max(2000),
});
export const listSilences = endpoint({
  method: 'GET',
  path: '/api/v1/silences',
  summary: 'Silences: active and pending first, then expired',
  permission: 'viewer',
  reply: z.object({ silences: z.array(silence) }),
});
export const createSilence = endpoint({
  method: 'POST',
  path: '/api/v1/silences',
  summary: 'Silence what all matchers match until a time',
  permission: 'responder',
  body: silenceBody,
  reply: silence,
});
export const updateSilence = endpoint({
  method: 'PUT',
  path: '/api/v1/silences/:id',
  summary: 'Change end and reason; other matchers end it and begin a new one',
  permission: 'responder',
  params: id,
  body: silenceBody,
  reply: silence,
});
export const expireSilence = endpoint({
  method: 'DELETE',
  path: '/api/v1/silences/:id',
  summary: 'End a silence now',
  permission: 'responder',
  params: id,
  reply: done,
});
export const previewSilence = endpoint({
  method: 'POST',
  path: '/api/v1/silences/preview',
  summary: 'What matchers would hold back at the moment',
  permission: 'viewer',
  body: z.object({ matchers: z.array(matcher).max(20) }),
  reply: z.object({ holdsBack: z.array(z.string()), holdsBackAll: z.number() }),
});
/** What to silence for an incident: alerts of its name at its site. */
export const suggestSilence = endpoint({
  method: 'GET',
  path: '/api/v1/silences/suggestion',
  summary: 'Matchers that would hold back an incident, by its number',
  permission: 'viewer',
  query: z.object({ incident: z.coerce.number().int().min(1) }),
  reply: z.object({ title: z.string(), matchers: z.array(matcher) }),
});

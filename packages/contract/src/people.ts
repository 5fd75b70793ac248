import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { done } from './common.ts';

export const role = z.enum(['viewer', 'responder', 'admin', 'owner']);
export type Role = z.infer<typeof role>;
const email = z.email().max(254);
const password = z.string().min(10, 'at least 10 characters').max(200);

export const me = z.object({
  person: z.object({ id: z.string(), email: z.string(), name: z.string() }),
  organisation: z.object({ id: z.string(), name: z.string() }),
  organisations: z.array(z.object({ id: z.string(), name: z.string(), role })),
  role,
  /** Sent back as `x-csrf-token` with every call that changes something. */
  csrfToken: z.string(),
  /** True when the demo fleet runs in this installation. */
  demo: z.boolean(),
  version: z.string(),
});
export type Me = z.infer<typeof me>;

export const setupState = endpoint({
  method: 'GET',
  path: '/api/v1/setup',
  summary: 'Whether the installation still awaits its first owner',
  permission: 'public',
  reply: z.object({ needed: z.boolean() }),
});
export const setup = endpoint({
  method: 'POST',
  path: '/api/v1/setup',
  summary: 'Create the organisation and its owner with the one-time set-up token',
  permission: 'public',
  body: z.object({
    token: z.string().max(200),
    organisation: z.string().min(1).max(100),
    name: z.string().max(100).default(''),
    email,
    password,
  }),
  reply: me,
});
export const signIn = endpoint({
  method: 'POST',
  path: '/api/v1/session',
  summary: 'Sign in',
  permission: 'public',
  body: z.object({ email: z.string().max(254), password: z.string().max(200) }),
  reply: me,
});
export const signOut = endpoint({
  method: 'DELETE',
  path: '/api/v1/session',
  summary: 'Sign out',
  permission: 'viewer',
  reply: done,
});
export const whoAmI = endpoint({
  method: 'GET',
  path: '/api/v1/session',
  summary: 'Who is signed in',
  permission: 'viewer',
  reply: me,
});
export const switchOrganisation = endpoint({
  method: 'POST',
  path: '/api/v1/session/organisation',
  summary: 'Continue in another organisation',
  permission: 'viewer',
  body: z.object({ organisation: z.string() }),
  reply: me,
});

export const member = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role,
  joinedAt: z.number(),
  lastSignInAt: z.number().nullable(),
});
export const listMembers = endpoint({
  method: 'GET',
  path: '/api/v1/people',
  summary: 'People of the organisation',
  permission: 'viewer',
  reply: z.object({
    members: z.array(member),
    invitations: z.array(z.object({ id: z.string(), email: z.string(), role, expiresAt: z.number() })),
  }),
});
export const invite = endpoint({
  method: 'POST',
  path: '/api/v1/people/invitations',
  summary: 'Invite a person; the link is shown once',
  permission: 'admin',
  body: z.object({ email, role }),
  reply: z.object({ id: z.string(), link: z.string(), expiresAt: z.number() }),
});
export const revokeInvitation = endpoint({
  method: 'DELETE',
  path: '/api/v1/people/invitations/:id',
  summary: 'Withdraw an invitation',
  permission: 'admin',
  params: z.object({ id: z.string() }),
  reply: done,
});
export const acceptInvitation = endpoint({
  method: 'POST',
  path: '/api/v1/invitations/accept',
  summary: 'Accept an invitation and choose a password',
  permission: 'public',
  body: z.object({ token: z.string().max(200), name: z.string().max(100).default(''), password }),
  reply: me,
});
export const changeRole = endpoint({
  method: 'PATCH',
  path: '/api/v1/people/:id',
  summary: 'Change what a person may do',
  permission: 'admin',
  params: z.object({ id: z.string() }),
  body: z.object({ role }),
  reply: member,
});
export const removeMember = endpoint({
  method: 'DELETE',
  path: '/api/v1/people/:id',
  summary: 'Remove a person from the organisation',
  permission: 'admin',
  params: z.object({ id: z.string() }),
  reply: done,
});
export const changePassword = endpoint({
  method: 'POST',
  path: '/api/v1/session/password',
  summary: 'Change your own password; other sessions end',
  permission: 'viewer',
  body: z.object({ current: z.string().max(200), next: password }),
  reply: done,
});

export const keyPermission = z.enum(['ingest', 'query', 'any-organisation', 'operate']);
export const limitedSignals = [
  'errors',
  'spans',
  'logs',
  'metrics',
  'sessions',
  'feedback',
  'attachments',
  'replays',
  'profiles',
  'checks',
] as const;
/** Records that may come in a minute, by signal. */
export const recordLimits = z.partialRecord(z.enum(limitedSignals), z.number().int().min(1).max(1_000_000_000));
export type RecordLimits = z.infer<typeof recordLimits>;

export const apiKey = z.object({
  id: z.string(),
  name: z.string(),
  permissions: z.array(keyPermission),
  /** Empty: the key speaks for the whole organisation. */
  site: z.string(),
  service: z.string(),
  environment: z.string(),
  /** The key itself, for ingest-only keys (they stand in browsers' pages anyway); null where it was shown once. */
  secret: z.string().nullable(),
  hint: z.string(),
  createdAt: z.number(),
  createdBy: z.string(),
  lastUsedAt: z.number().nullable(),
  /** What it may send in a minute; signals that are not named have no limit of the key's own. */
  limits: recordLimits,
});
export type ApiKey = z.infer<typeof apiKey>;
export const listKeys = endpoint({
  method: 'GET',
  path: '/api/v1/keys',
  summary: 'API keys',
  permission: 'admin',
  reply: z.object({
    keys: z.array(apiKey),
    /** What all keys together may send in a minute: as it was set, and where nothing was. */
    limits: recordLimits,
    defaultLimits: recordLimits,
  }),
});
export const setKeyLimits = endpoint({
  method: 'PUT',
  path: '/api/v1/keys/:id/limits',
  summary: 'Set what a key may send in a minute, by signal; what is not named has no limit of its own',
  permission: 'admin',
  params: z.object({ id: z.string().max(100) }),
  body: z.object({ limits: recordLimits }),
  reply: done,
});
export const setRecordLimits = endpoint({
  method: 'PUT',
  path: '/api/v1/record-limits',
  summary: 'Set what all keys of the organisation together may send in a minute, by signal',
  permission: 'admin',
  body: z.object({ limits: recordLimits }),
  reply: done,
});
export const createKey = endpoint({
  method: 'POST',
  path: '/api/v1/keys',
  summary: 'Create an API key; keys that can query are shown once',
  permission: 'admin',
  body: z.object({
    name: z.string().min(1).max(100),
    permissions: z.array(keyPermission).min(1),
    site: z.string().max(200).default(''),
    service: z.string().max(200).default(''),
    environment: z.string().max(200).default(''),
  }),
  reply: z.object({ key: apiKey, secret: z.string() }),
});
export const revokeKey = endpoint({
  method: 'DELETE',
  path: '/api/v1/keys/:id',
  summary: 'Revoke an API key',
  permission: 'admin',
  params: z.object({ id: z.string() }),
  reply: done,
});

export const auditEntry = z.object({
  id: z.string(),
  at: z.number(),
  actor: z.string(),
  address: z.string(),
  action: z.string(),
  subject: z.string(),
  detail: z.string(),
});
/** What of the audit trail: parts of who, what and subject (small and capital letters alike), and a range of time. */
export const auditFilter = z.object({
  actor: z.string().max(300).default(''),
  action: z.string().max(100).default(''),
  subject: z.string().max(300).default(''),
  /** ms; `to` excluded. */
  from: z.coerce.number().int().min(0).max(8_640_000_000_000_000).optional(),
  to: z.coerce.number().int().min(0).max(8_640_000_000_000_000).optional(),
});
export const listAudit = endpoint({
  method: 'GET',
  path: '/api/v1/audit',
  summary: 'Who did what, newest first',
  permission: 'admin',
  query: auditFilter.extend({
    limit: z.coerce.number().int().min(1).max(500).default(100),
    cursor: z.string().default(''),
  }),
  reply: z.object({ entries: z.array(auditEntry), next: z.string() }),
});
/** Not JSON: a file, `format=ndjson|csv`, filters as in `listAudit`. */
export const auditExportPath = '/api/v1/audit/export';
export const readAuditChain = endpoint({
  method: 'GET',
  path: '/api/v1/audit/chain',
  summary: 'The chain of the audit trail, checked now, and what the archive signs of it',
  permission: 'admin',
  reply: z.object({
    /** Entries that follow from one another, from the first on. */
    entries: z.number(),
    /** The first that does not follow from the one before; null where all do. */
    brokenAt: z.string().nullable(),
    /** Hash of the newest entry, in hexadecimal; '' without any. */
    lastHash: z.string(),
    /** False where this server has no archive whose manifests sign the trail. */
    archive: z.boolean(),
    /** False where there is an archive and this server does not know the public key by which it is signed: `signed` is then null. */
    keyKnown: z.boolean(),
    /** The newest archived day that signs the trail, up to which entry, and whether that is the one that is here. */
    signed: z.object({ day: z.string(), number: z.number(), holds: z.boolean() }).nullable(),
  }),
});

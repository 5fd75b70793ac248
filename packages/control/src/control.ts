import type { KeyPermission } from '@sightline/record';
import type { Result } from '@sightline/base';
import type { FleetControl } from './fleet/port.ts';
import type { Dashboards } from './dashboards/port.ts';
import type { ArchiveRestores } from './archive-restores/port.ts';
import type { SavedSearches } from './searches/port.ts';
import type { RuleFiles } from './rule-files/port.ts';
import type { ScrapeConfigurations } from './scrape-configurations/port.ts';
import type { Artifacts, Releases } from './releases/port.ts';
import type { Pipelines } from './pipelines/port.ts';
import type { Sampling } from './sampling/port.ts';
import type { ScrubBackfills } from './scrubbing/backfills-port.ts';
import type { ScrubCanaries } from './scrubbing/canaries-port.ts';
import type { Scrubbing } from './scrubbing/port.ts';
import type { Retention } from './retention/port.ts';
import type { Detect } from './detect/port.ts';
import type { Alerting } from './alerting/port.ts';
import type { FeedbackStates } from './feedback/port.ts';
import type { IssueRecords, IssueStates } from './issues/port.ts';
import type { Monitors } from './monitors/port.ts';
import type { Teams } from './teams/port.ts';
import type { RespondRecords } from './respond/port.ts';

/**
 * The control plane as the rest of Sightline sees it: who may do what, which sites and keys there are, and who changed
 * what. Every call that names an organisation sees and changes that organisation alone. Times are milliseconds since the
 * epoch. Each call is bounded by the database's statement time-out and throws only when the database does not answer.
 */
export interface Control {
  readonly organisations: Organisations;
  readonly people: People;
  readonly teams: Teams;
  readonly sessions: Sessions;
  readonly invitations: Invitations;
  readonly keys: Keys;
  readonly projects: Projects;
  readonly sites: Sites;
  readonly issueStates: IssueStates;
  readonly issues: IssueRecords;
  readonly feedback: FeedbackStates;
  readonly audit: Audit;
  readonly fleet: FleetControl;
  readonly detect: Detect;
  readonly alerting: Alerting;
  readonly respond: RespondRecords;
  readonly monitors: Monitors;
  readonly dashboards: Dashboards;
  readonly searches: SavedSearches;
  readonly archiveRestores: ArchiveRestores;
  readonly ruleFiles: RuleFiles;
  readonly scrapeConfigurations: ScrapeConfigurations;
  readonly releases: Releases;
  readonly artifacts: Artifacts;
  readonly sampling: Sampling;
  readonly pipelines: Pipelines;
  readonly scrubbing: Scrubbing;
  readonly scrubCanaries: ScrubCanaries;
  readonly scrubBackfills: ScrubBackfills;
  readonly retention: Retention;
  readonly settings: Settings;
  readonly installation: Installation;
  readonly setup: Setup;
  /** True when the database answers `SELECT 1` within a second. */
  healthy(): Promise<boolean>;
  /** What people call the database in use: `embedded PostgreSQL 18.4`, `PostgreSQL 15.18`. */
  readonly database: { readonly description: string; readonly connectionString: string };
  /** Writes what is pending, closes the pool and stops the embedded server where there is one. */
  close(): Promise<void>;
}

/** From least to most; each may do all that those before it may. */
export const roles = ['viewer', 'responder', 'admin', 'owner'] as const;
export type Role = (typeof roles)[number];

/** True when `role` is `least` or more. */
export function roleAtLeast(role: Role, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}

/** Why a change was refused: a stable word to branch on and a sentence for the person. */
export interface Refused {
  readonly reason: 'not-found' | 'conflict' | 'forbidden' | 'expired' | 'invalid';
  readonly message: string;
}

/** Who does something, for the audit trail: an e-mail address or a key's name, and the network address. */
export interface Actor {
  readonly name: string;
  readonly address: string;
}

export interface Organisation {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
}

export interface Organisations {
  find(id: string): Promise<Organisation | undefined>;
  findByName(name: string): Promise<Organisation | undefined>;
  /** The organisation of this name, created on first sight (X-Scope-OrgID). Cached; refuses empty or overlong names. */
  ensure(name: string): Promise<Result<Organisation, Refused>>;
  /** The oldest: whose owners set the installation up. */
  first(): Promise<Organisation | undefined>;
  /** All of them by name, at most `limit` (1,000). */
  list(limit?: number): Promise<Organisation[]>;
}

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly name: string;
}
export interface Member extends Person {
  readonly role: Role;
  readonly joinedAt: number;
  readonly lastSignInAt: number | null;
}
export interface MembershipOf {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
}

export interface People {
  /** The person when the password is right. Takes as long for an unknown e-mail as for a wrong password. */
  signIn(email: string, password: string): Promise<Person | undefined>;
  find(personId: string): Promise<Person | undefined>;
  /** Ids of the organisations that a person of this address belongs to; none where nobody has it. */
  organisationsOfEmail(email: string): Promise<string[]>;
  /** The organisations a person belongs to, by name. */
  organisationsOf(personId: string): Promise<MembershipOf[]>;
  members(organisation: string): Promise<Member[]>;
  member(organisation: string, personId: string): Promise<Member | undefined>;
  /** Refuses to demote the last owner, and lets only an owner (`by`) make or change owners. */
  changeRole(organisation: string, personId: string, role: Role, by: Role): Promise<Result<Member, Refused>>;
  /** Ends the person's sessions in the organisation as well. Refuses to remove the last owner. */
  remove(organisation: string, personId: string, by: Role): Promise<Result<Member, Refused>>;
  /** Ends all sessions of the person but `keepToken`. */
  changePassword(
    personId: string,
    current: string,
    next: string,
    keepToken: string,
  ): Promise<Result<undefined, Refused>>;
}

/** Who is signed in, in which organisation, as what. The role is read with every call, so that a change takes effect at once. */
export interface Session {
  readonly person: Person;
  readonly organisation: { readonly id: string; readonly name: string };
  readonly role: Role;
  readonly csrfToken: string;
  readonly expiresAt: number;
}

export interface Sessions {
  /** `undefined` when the person belongs to no organisation. The token is shown once; only its hash is kept. */
  open(
    personId: string,
    about: { address: string; userAgent: string; organisation?: string },
  ): Promise<{ token: string; session: Session } | undefined>;
  /** The live session of a token, its idle time renewed. */
  find(token: string): Promise<Session | undefined>;
  switchOrganisation(token: string, organisation: string): Promise<Result<Session, Refused>>;
  end(token: string): Promise<void>;
}

export interface Invitation {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly expiresAt: number;
}
export interface Invitations {
  list(organisation: string): Promise<Invitation[]>;
  /** Replaces an open invitation to the same address. Only an owner (`by`) invites owners. */
  create(
    organisation: string,
    email: string,
    role: Role,
    by: { name: string; role: Role },
  ): Promise<Result<Invitation & { token: string }, Refused>>;
  revoke(organisation: string, id: string): Promise<Result<Invitation, Refused>>;
  /** Once only. A person who exists already must give the password they have. */
  accept(
    token: string,
    person: { name: string; password: string },
  ): Promise<Result<{ person: Person; organisation: string; role: Role }, Refused>>;
}

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly KeyPermission[];
  readonly site: string;
  readonly device: string;
  readonly service: string;
  readonly environment: string;
  /** Shown again for keys that can do nothing but ingest; null otherwise. */
  readonly secret: string | null;
  readonly hint: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly lastUsedAt: number | null;
}

/** What a key opens. `scope` is the `KeyScope` of records received with it. */
export interface FoundKey {
  readonly scope: {
    readonly organisation: string;
    readonly keyId: string;
    readonly site: string;
    readonly device: string;
    readonly service: string;
    readonly environment: string;
  };
  readonly name: string;
  readonly permissions: readonly KeyPermission[];
  /** Records of each signal that may come in a minute, where people set any. */
  readonly limits: { readonly organisation: RecordLimits; readonly key: RecordLimits };
}

/** Records that may come in a minute, by signal. */
export type RecordLimits = Readonly<Record<string, number>>;

export interface NewKey {
  readonly name: string;
  readonly permissions: readonly KeyPermission[];
  readonly site?: string;
  readonly device?: string;
  readonly service?: string;
  readonly environment?: string;
}

export interface Keys {
  /** What a secret opens; cached for 10 s, misses included. Any text may be asked. */
  find(secret: string): Promise<FoundKey | undefined>;
  list(organisation: string): Promise<ApiKey[]>;
  create(
    organisation: string,
    key: NewKey,
    createdBy: string,
  ): Promise<Result<{ key: ApiKey; secret: string }, Refused>>;
  revoke(organisation: string, id: string): Promise<Result<ApiKey, Refused>>;
  /** The key that the "Send data" page shows: an ingest-only key of the organisation, created when there is none. */
  ingestKey(organisation: string): Promise<ApiKey>;
  /** What may come in a minute: of the whole organisation, and of keys by id that have limits of their own. */
  limits(organisation: string): Promise<{ organisation: RecordLimits; keys: ReadonlyMap<string, RecordLimits> }>;
  /** Sets the limits of a key (`null`: of the whole organisation); they hold within ten seconds. */
  setLimits(organisation: string, id: string | null, limits: RecordLimits): Promise<Result<string, Refused>>;
  /** Names by id, revoked ones included, for the ledger. */
  names(organisation: string): Promise<ReadonlyMap<string, string>>;
}

export interface Project {
  readonly number: number;
  readonly organisation: string;
  readonly name: string;
}
export interface Projects {
  list(organisation: string): Promise<Project[]>;
  /** The first project of an organisation: the number that stands in its DSNs. */
  first(organisation: string): Promise<Project>;
  /** Whose project a number is; cached. */
  find(number: number): Promise<Project | undefined>;
}

export interface Site {
  readonly code: string;
  readonly name: string;
  readonly address: string;
  readonly city: string;
  readonly region: string;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly timeZone: string;
  readonly createdAt: number;
}
export interface Sites {
  list(organisation: string): Promise<Site[]>;
  find(organisation: string, code: string): Promise<Site | undefined>;
  /** Creates the codes not known yet (at most 1,000 a call, 200 characters each); answers those created. */
  seen(organisation: string, codes: readonly string[]): Promise<string[]>;
  /** Creates or replaces name and place of one site. */
  update(organisation: string, code: string, site: Omit<Site, 'code' | 'createdAt'>): Promise<Site>;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  readonly actor: string;
  readonly address: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: string;
}
/** An entry as it lies in the chain, with the hashes in hexadecimal. */
export interface ExportedAuditEntry extends Omit<AuditEntry, 'id'> {
  readonly organisation: string;
  readonly number: number;
  readonly previousHash: string;
  readonly hash: string;
}
/** What of a trail: parts of the texts, small and capital letters alike, '' for any; times in ms, `toMs` excluded. */
export interface AuditFilter {
  readonly actor?: string;
  readonly action?: string;
  readonly subject?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Entries of a trail that are alike but for their time. */
export interface AuditTally {
  readonly actor: string;
  readonly address: string;
  readonly action: string;
  readonly subject: string;
  readonly times: number;
  readonly lastAt: number;
}

export interface Audit {
  /** Appends to the organisation's chain. `action` in the form `key.create`; `detail` never holds a secret. */
  append(
    organisation: string,
    actor: Actor,
    entry: { readonly action: string; readonly subject: string; readonly detail?: string },
  ): Promise<void>;
  /** Newest first; `cursor` is `next` of the page before, '' to begin. */
  list(
    organisation: string,
    page: { readonly limit: number; readonly cursor: string },
    filter?: AuditFilter,
  ): Promise<Result<{ entries: AuditEntry[]; next: string }, Refused>>;
  /**
   * As `list`, of one subject alone: `STORE_047`, and what lies under it (`STORE_047/backend`). The subject is compared as
   * it is; `cursor` as in `list`.
   */
  listOf(
    organisation: string,
    subject: string,
    page: { readonly limit: number; readonly cursor: string },
  ): Promise<Result<{ entries: AuditEntry[]; next: string }, Refused>>;
  /**
   * Entries of a range (ms, `toMs` excluded) counted by who, from where, what and on what, the newest group first. Reads the
   * newest 20,000 entries and answers 5,000 groups at most; `cut` where the range reaches further.
   */
  tally(
    organisation: string,
    range: { readonly fromMs: number; readonly toMs: number },
  ): Promise<{ readonly tallies: AuditTally[]; readonly cut: boolean }>;
  /** Walks the chain; `brokenAt` is the first entry that does not follow from the one before. */
  verify(organisation: string): Promise<{ readonly entries: number; readonly brokenAt: string | null }>;
  /** The newest entry, or the one of this number; undefined where there is none. */
  head(
    organisation: string,
    number?: number,
  ): Promise<{ readonly number: number; readonly sha256: string } | undefined>;
  /** The chain, oldest first, read page by page: whole for those who check it elsewhere, or what a filter leaves. */
  export(organisation: string, filter?: AuditFilter): AsyncIterable<ExportedAuditEntry>;
}

/** What all processes of one installation share, whatever organisations it has. */
export interface Installation {
  /**
   * The secret of this name by which processes of the installation know each other: 256 bits, made on the first call and the same for all
   * from then on. Never to be logged or shown.
   */
  secret(name: string): Promise<string>;
  /** Lets the others know a text that is no secret; it replaces what stood there. Answers what that was; undefined where nothing was. */
  publish(name: string, text: string): Promise<string | undefined>;
  /** What was published last under this name; undefined where nothing was yet. */
  published(name: string): Promise<string | undefined>;
}

export interface Settings {
  get(organisation: string, name: string): Promise<unknown>;
  set(organisation: string, name: string, value: unknown): Promise<void>;
}

/** What an installer may hand in so that no browser is needed. */
export interface SetupValues {
  readonly organisation?: string | undefined;
  readonly email?: string | undefined;
  readonly password?: string | undefined;
  /** Any text of 16 characters and more becomes a key that may ingest, query and name any organisation. */
  readonly key?: string | undefined;
}
export interface Setup {
  needed(): Promise<boolean>;
  /**
   * At each start. Creates what the values name and is missing; never changes what is there. Where there is still no
   * owner it answers the one-time token for the set-up link (the token of an earlier start stops working).
   */
  start(values: SetupValues): Promise<Result<{ token: string | undefined }, Refused>>;
  complete(
    token: string,
    owner: { organisation: string; name: string; email: string; password: string },
  ): Promise<Result<{ person: Person; organisation: Organisation }, Refused>>;
}

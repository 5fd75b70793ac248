import type {
  Channel,
  FindingRecord,
  IncidentChange,
  IncidentRecord,
  NewIncidentEvent,
  NewNotification,
  Policy,
  RespondTransaction,
  TeamReceivers,
} from '@sightline/control';

const messagesAtOnce = 500;

/**
 * After a link is back, what its agent kept must arrive, and rules must look at it once (they look every half minute unless
 * told otherwise), before anything that was found without it counts.
 */
export const linkSettlesMs = 60_000;

/**
 * What one change works on: findings and incidents as they were read and as they will be written, together with the lines
 * for time lines and the messages that go with them. Nothing is written before `save`.
 */
export class Worksheet {
  readonly tx: RespondTransaction;
  readonly organisation: string;
  readonly now: number;
  readonly #findings = new Map<string, FindingRecord>();
  readonly #incidents = new Map<string, IncidentRecord>();
  readonly #asRead = new Map<string, FindingRecord>();
  readonly #changedFindings = new Set<string>();
  readonly #seenAgain = new Set<string>();
  readonly #groups = new Set<string>();
  readonly #created = new Set<string>();
  readonly #changes = new Map<string, IncidentChange>();
  readonly #past = new Map<string, FindingRecord[]>();
  readonly #events: NewIncidentEvent[] = [];
  readonly #messages: NewNotification[] = [];
  readonly #policies = new Map<string, Policy | undefined>();
  readonly #teams = new Map<string, TeamReceivers | undefined>();
  #channels: Map<string, Pick<Channel, 'id' | 'name' | 'type' | 'enabled'>> | undefined;
  #nextNumber: number | undefined;
  #lostLinks: Set<string> | undefined;

  constructor(tx: RespondTransaction, organisation: string, now: number) {
    this.tx = tx;
    this.organisation = organisation;
    this.now = now;
  }

  /** Reads findings that are not here yet. */
  async loadFindings(keys: readonly string[]): Promise<void> {
    this.take(await this.tx.findings([...new Set(keys)].filter((key) => !this.#findings.has(key))));
  }

  /** Reads incidents that are not here yet, with all findings that they hold. */
  async loadIncidents(ids: readonly string[]): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#incidents.has(id));
    if (missing.length > 0) await this.hold(await this.tx.incidents(missing));
  }

  /** Takes incidents that were read, and reads the findings that they hold. */
  async hold(incidents: readonly IncidentRecord[]): Promise<void> {
    const fresh = incidents.filter(({ id }) => !this.#incidents.has(id));
    for (const incident of fresh) this.#incidents.set(incident.id, incident);
    this.take(await this.tx.findingsOf(fresh.map(({ id }) => id)));
  }

  /** Takes findings that were read, unless they are here already. */
  take(findings: readonly FindingRecord[]): void {
    this.#lostLinks = undefined;
    for (const finding of findings) {
      if (this.#findings.has(finding.key)) continue;
      this.#findings.set(finding.key, finding);
      this.#asRead.set(finding.key, finding);
    }
  }

  finding(key: string): FindingRecord | undefined {
    return this.#findings.get(key);
  }

  incident(id: string | null): IncidentRecord | undefined {
    return id === null ? undefined : this.#incidents.get(id);
  }

  incidents(): IncidentRecord[] {
    return [...this.#incidents.values()];
  }

  /** The incident of a group that is not resolved, reading it when it is not here. */
  async openOf(groupKey: string): Promise<IncidentRecord | undefined> {
    await this.loadGroups([groupKey]);
    return this.incidents().find((one) => one.groupKey === groupKey && one.status !== 'resolved');
  }

  /** Reads the incidents of these groups that are not resolved, in one go. */
  async loadGroups(groupKeys: readonly string[]): Promise<void> {
    const missing = [...new Set(groupKeys)].filter((groupKey) => !this.#groups.has(groupKey));
    if (missing.length === 0) return;
    for (const groupKey of missing) this.#groups.add(groupKey);
    await this.hold(await this.tx.openOf(missing));
  }

  /** All findings that an incident holds, as they are now. */
  findingsOf(incident: string): FindingRecord[] {
    return [...this.#findings.values()].filter((finding) => finding.incident === incident);
  }

  firingOf(incident: string): FindingRecord[] {
    return this.findingsOf(incident).filter(({ state }) => state === 'firing');
  }

  /** True when a finding here says that the link of this site is lost, or came back less than `linkSettlesMs` ago. */
  linkLost(site: string): boolean {
    const lost = ({ source, state, resolvedAt }: FindingRecord): boolean =>
      source === 'link' && (state === 'firing' || (resolvedAt ?? -Infinity) > this.now - linkSettlesMs);
    this.#lostLinks ??= new Set([...this.#findings.values()].filter(lost).map((finding) => finding.site));
    return this.#lostLinks.has(site);
  }

  /** Writes a finding as it is now. */
  putFinding(finding: FindingRecord): void {
    if (finding.source === 'link') this.#lostLinks = undefined;
    this.#findings.set(finding.key, finding);
    this.#changedFindings.add(finding.key);
  }

  /** Nothing changed but that it was seen again. */
  seenAgain(finding: FindingRecord): void {
    this.#findings.set(finding.key, finding);
    this.#seenAgain.add(finding.key);
  }

  /** Moves a finding to another incident; the one that held it keeps how it was. */
  moveFinding(key: string, incident: string): void {
    const finding = this.#findings.get(key);
    if (!finding || finding.incident === incident) return;
    const old = finding.incident;
    if (old !== null) {
      const was = this.#asRead.get(key) ?? finding;
      const past: FindingRecord = { ...was, state: 'resolved', resolvedAt: was.resolvedAt ?? this.now };
      this.#past.set(old, [...(this.#past.get(old) ?? []), past]);
    }
    this.putFinding({ ...finding, incident, suppressedBy: '' });
  }

  async nextNumber(): Promise<number> {
    this.#nextNumber ??= await this.tx.nextNumber();
    return this.#nextNumber++;
  }

  create(incident: IncidentRecord): void {
    this.#incidents.set(incident.id, incident);
    this.#created.add(incident.id);
  }

  /** Changes an incident that is here; answers it as it is then. */
  change(id: string, change: IncidentChange): IncidentRecord {
    const before = this.#incidents.get(id);
    if (!before) throw new Error(`incident ${id} is not on the worksheet`);
    const after = { ...before, ...change };
    this.#incidents.set(id, after);
    if (!this.#created.has(id)) this.#changes.set(id, { ...this.#changes.get(id), ...change });
    return after;
  }

  /** A line on the time line, as of now unless `at` is given. */
  event(event: Omit<NewIncidentEvent, 'at' | 'actor'> & { readonly at?: number; readonly actor?: string }): void {
    this.#events.push({ actor: '', at: this.now, ...event });
  }

  message(message: Omit<NewNotification, 'organisation'>): void {
    this.#messages.push({ ...message, organisation: this.organisation });
  }

  /** The policy that an incident goes by: its own, else the organisation's default. */
  async policy(id: string): Promise<Policy | undefined> {
    if (!this.#policies.has(id)) this.#policies.set(id, await this.tx.policy(id));
    return this.#policies.get(id);
  }

  async channels(): Promise<ReadonlyMap<string, Pick<Channel, 'id' | 'name' | 'type' | 'enabled'>>> {
    this.#channels ??= new Map((await this.tx.channels()).map((channel) => [channel.id, channel]));
    return this.#channels;
  }

  /** Those of the teams that are there, by slug, with who receives what is told to them. */
  async teams(slugs: readonly string[]): Promise<ReadonlyMap<string, TeamReceivers>> {
    const missing = [...new Set(slugs)].filter((slug) => !this.#teams.has(slug));
    if (missing.length > 0) {
      for (const slug of missing) this.#teams.set(slug, undefined);
      for (const team of await this.tx.teams(missing)) this.#teams.set(team.slug, team);
    }
    return new Map([...this.#teams].flatMap(([slug, team]) => (team === undefined ? [] : [[slug, team]])));
  }

  /** Writes everything in the transaction. */
  async save(): Promise<void> {
    await this.tx.insertIncidents([...this.#created].flatMap((id) => this.#incidents.get(id) ?? []));
    for (const [id, change] of this.#changes) await this.tx.changeIncident(id, change);
    for (const [id, findings] of this.#past) if (!this.#created.has(id)) await this.tx.keepPast(id, findings);
    await this.tx.saveFindings([...this.#changedFindings].flatMap((key) => this.#findings.get(key) ?? []));
    await this.tx.touchFindings(
      [...this.#seenAgain].filter((key) => !this.#changedFindings.has(key)),
      this.now,
    );
    await this.tx.addEvents(this.#events);
    for (let at = 0; at < this.#messages.length; at += messagesAtOnce)
      await this.tx.enqueue(this.#messages.slice(at, at + messagesAtOnce));
  }
}

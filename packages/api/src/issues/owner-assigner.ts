import { randomUUID } from 'node:crypto';
import { BackgroundLoop, type Clock, type Logger, LruCache, reasonOf } from '@sightline/base';
import { ownershipModeOf, ownershipSetting, type Control } from '@sightline/control';
import { issuesSince, readIssue, type TelemetryReads } from '@sightline/query';
import { ownerOf } from './owner-of.ts';

const lookEveryMs = 15_000;
const leaseMs = 45_000;
const lease = 'issue-owners';
/** Events may come late, and the server may have been away: so far back a look goes. */
const lookBackMs = 3_600_000;
const issuesAtOnce = 100;
const examinedKept = 10_000;
const queryTimeoutMs = 10_000;

export interface OwnerAssignerParts {
  readonly control: Pick<Control, 'issues' | 'issueStates' | 'settings' | 'organisations'> & {
    readonly detect: Pick<Control['detect'], 'leases'>;
  };
  readonly store: TelemetryReads;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when messages may wait. */
  readonly onMessages?: () => void;
}

/**
 * Assigns new issues by the ownership rules of organisations that want it; one server at a time does so. An issue is assigned once:
 * whom people take it from is not assigned again.
 */
export class OwnerAssigner {
  readonly #parts: OwnerAssignerParts;
  readonly #holder = randomUUID();
  readonly #loop: BackgroundLoop;
  /** Issues that were looked at under these rules, by organisation, issue and when the rules were written. */
  readonly #examined: LruCache<string, true>;

  constructor(parts: OwnerAssignerParts) {
    this.#parts = parts;
    this.#examined = new LruCache(examinedKept, 2 * lookBackMs, parts.clock);
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: lookEveryMs,
      round: async () => void (await this.look()),
      fault: (error) => parts.logger.warn('New issues are not assigned at the moment', { reason: reasonOf(error) }),
    });
  }

  /** Begins to look; returns at once. */
  start(): void {
    this.#loop.start();
  }

  /** One look at the new issues of all organisations; answers how many were assigned. */
  async look(): Promise<number> {
    const { control, onMessages } = this.#parts;
    const held = await control.detect.leases.hold(this.#holder, [lease], leaseMs);
    if (held.length === 0) return 0;
    let assigned = 0;
    for (const { id } of await control.organisations.list()) {
      if (this.#loop.signal.aborted) break;
      if (ownershipModeOf(await control.settings.get(id, ownershipSetting)) === 'assign')
        assigned += await this.#assign(id);
    }
    if (assigned > 0) onMessages?.();
    return assigned;
  }

  async #assign(organisation: string): Promise<number> {
    const { control, store, clock, logger } = this.#parts;
    const limits = { timeoutMs: queryTimeoutMs, signal: this.#loop.signal };
    const { ownership } = await control.issues.rules.read(organisation);
    if (ownership.content.trim() === '') return 0;
    const sinceMs = clock.now() - lookBackMs;
    const found = await issuesSince(store, { organisation, sinceMs, limit: issuesAtOnce * 10 }, limits);
    const key = (issue: string): string => `${organisation} ${issue} ${ownership.updatedAt ?? 0}`;
    const fresh = found.filter((issue) => this.#examined.get(key(issue)) === undefined).slice(0, issuesAtOnce);
    if (fresh.length === 0) return 0;
    const [states, merges] = await Promise.all([
      control.issueStates.list(organisation, fresh),
      control.issues.merges.list(organisation),
    ]);
    const merged = new Map(merges.map(({ issue, into }) => [issue, into]));
    let assigned = 0;
    for (const issue of fresh) {
      if (merged.has(issue) || (states.get(issue)?.assignee ?? '') !== '') {
        this.#examined.set(key(issue), true);
        continue;
      }
      const page = await readIssue(store, { organisation, issue, merged }, { event: '', settled: undefined }, limits);
      const owner = page?.event ? ownerOf(page.event, ownership.content) : null;
      if (page && owner) {
        const { type, message, service, events, sites } = page.issue;
        const title = [type, message].filter((part) => part !== '').join(': ');
        const detail = `${events} ${events === 1 ? 'event' : 'events'}${sites > 0 ? ` at ${sites} ${sites === 1 ? 'site' : 'sites'}` : ''}${service === '' ? '' : `, service ${service}`}`;
        const owned = { owners: owner.owners, rule: owner.rule, title, detail, link: `/errors/${issue}` };
        if (await control.issueStates.assignOwner(organisation, issue, owned)) assigned++;
      }
      this.#examined.set(key(issue), true);
    }
    if (assigned > 0)
      logger.info('New issues were assigned by the ownership rules', { organisation, issues: assigned });
    return assigned;
  }

  /** Ends after what is under way. */
  async close(): Promise<void> {
    await this.#loop.close();
    await this.#parts.control.detect.leases.release(this.#holder, [lease]).catch((error: unknown) => {
      this.#parts.logger.warn('The share of assigning issues was not given back; it runs out', {
        reason: reasonOf(error),
      });
    });
  }
}

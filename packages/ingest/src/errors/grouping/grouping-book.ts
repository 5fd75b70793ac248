import { LruCache, type Clock, type Logger } from '@sightline/base';
import { plainGrouping, type KnownIssues, type OrganisationGrouping } from './group-error.ts';
import { readFingerprintRules } from './rules/fingerprint-rules.ts';
import { readStackRules } from './rules/stack-rules.ts';

/** Where the book reads: rules from the control plane, known issues from the store. Both bounded and with a time limit. */
export interface GroupingSource {
  rules(organisation: string): Promise<{ readonly fingerprint: string; readonly stack: string }>;
  /** Hashes that are not their own issue under this version, newest first, sixteen hexadecimal digits each; at most `limit`. */
  knownIssues(
    organisation: string,
    limit: number,
  ): Promise<readonly { readonly hash: string; readonly issue: string }[]>;
}

/** How decoders of errors ask what an organisation decided. */
export interface GroupingBook {
  /**
   * Makes sure that these organisations are known; must be called before `of`. Rejects when one that was never read cannot be
   * read now: an event grouped without its rules would be in the wrong issue for ever.
   */
  ready(organisations: Iterable<string>): Promise<void>;
  of(organisation: string): OrganisationGrouping;
}

/** Rules that a person changed apply after so long at the latest. */
const rulesFreshMs = 10_000;
const issuesFreshMs = 60_000;
const hashesPerOrganisation = 50_000;
const organisationsKept = 100;

interface Entry {
  grouping: OrganisationGrouping;
  rulesAtMs: number;
  issuesAtMs: number;
  texts: string;
  reading: Promise<void> | undefined;
}

/** Keeps rules and known issues of the organisations that send errors; reads them again behind the scenes. */
export class CachedGroupingBook implements GroupingBook {
  readonly #source: GroupingSource;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #entries: LruCache<string, Entry>;

  constructor(source: GroupingSource, clock: Clock, logger: Logger) {
    this.#source = source;
    this.#clock = clock;
    this.#logger = logger;
    this.#entries = new LruCache(organisationsKept, 3_600_000, clock);
  }

  of(organisation: string): OrganisationGrouping {
    return this.#entries.get(organisation)?.grouping ?? plainGrouping;
  }

  async ready(organisations: Iterable<string>): Promise<void> {
    for (const organisation of new Set(organisations)) {
      const entry = this.#entries.get(organisation);
      if (!entry) {
        const fresh: Entry = {
          grouping: plainGrouping,
          rulesAtMs: -Infinity,
          issuesAtMs: -Infinity,
          texts: '',
          reading: undefined,
        };
        await this.#read(organisation, fresh);
        this.#entries.set(organisation, fresh);
        continue;
      }
      this.#entries.set(organisation, entry);
      if (this.#clock.now() - entry.rulesAtMs < rulesFreshMs || entry.reading) continue;
      entry.reading = this.#read(organisation, entry)
        .catch((error: unknown) =>
          this.#logger.warn('grouping rules could not be read again; the old ones apply', { error }),
        )
        .finally(() => (entry.reading = undefined));
    }
  }

  async #read(organisation: string, entry: Entry): Promise<void> {
    const nowMs = this.#clock.now();
    const texts = await this.#source.rules(organisation);
    let { fingerprintRules, stackRules, known } = entry.grouping;
    const text = JSON.stringify(texts);
    if (text !== entry.texts) {
      fingerprintRules = this.#kept(readFingerprintRules(texts.fingerprint), organisation);
      stackRules = this.#kept(readStackRules(texts.stack), organisation);
    }
    const issuesAtMs = nowMs - entry.issuesAtMs >= issuesFreshMs ? nowMs : entry.issuesAtMs;
    if (issuesAtMs === nowMs) {
      const rows = await this.#source.knownIssues(organisation, hashesPerOrganisation);
      known = new KnownIssueMap(rows, known instanceof KnownIssueMap ? known.noted : new Map());
    }
    Object.assign(entry, {
      grouping: { fingerprintRules, stackRules, known },
      texts: text,
      rulesAtMs: nowMs,
      issuesAtMs,
    });
  }

  /** Rules are checked when they are saved; one that a newer program wrote and this one cannot read is left out, and said. */
  #kept<Rules extends readonly unknown[]>(
    read: { ok: true; value: Rules } | { ok: false; error: unknown },
    organisation: string,
  ): Rules {
    if (read.ok) return read.value;
    this.#logger.warn('stored grouping rules cannot be read and do not apply', { organisation, faults: read.error });
    return [] as unknown as Rules;
  }
}

class KnownIssueMap implements KnownIssues {
  readonly #issues: Map<string, string>;
  /** What was noted here and the store may not tell yet. */
  readonly noted: Map<string, string>;

  constructor(rows: readonly { readonly hash: string; readonly issue: string }[], noted: Map<string, string>) {
    this.#issues = new Map(rows.map(({ hash, issue }) => [hash, issue]));
    this.noted = new Map([...noted].filter(([hash]) => !this.#issues.has(hash)).slice(-5000));
  }

  get any(): boolean {
    return this.#issues.size > 0;
  }

  issueOf(hash: string): string | undefined {
    return this.#issues.get(hash) ?? this.noted.get(hash);
  }

  note(hash: string, issue: string): void {
    if (this.noted.size < 10_000) this.noted.set(hash, issue);
  }
}

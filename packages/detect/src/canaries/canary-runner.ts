import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { Control, ScrubCanary } from '@sightline/control';
import { findCanary, type FoundCanary } from '@sightline/query';
import { untouchedScrubRules, type Finding, type FindingSink, type ScrubRules } from '@sightline/record';
import type { TelemetryReader } from '@sightline/store/port';
import { canaryOf, canaryTraceId, type CanaryRequest } from './plant.ts';

export interface CanaryParts {
  readonly control: Pick<Control, 'scrubCanaries' | 'scrubbing'>;
  readonly store: TelemetryReader;
  readonly findings: FindingSink;
  /** Sends requests through the way that clients' records come, in the organisation's name; false where one was not accepted. */
  readonly plant: (organisation: string, requests: readonly CanaryRequest[]) => Promise<boolean>;
  /** When the oldest record that still waits for its table was received, ms; undefined while none waits. */
  readonly waitingSinceMs: () => number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const lookEveryMs = 15_000;
const atOnce = 20;
const claimMs = 120_000;
/** Whoever died while planting had sent it by then: half a claim before another takes it up. */
const plantedWithinMs = claimMs / 2;
/** Rules that were changed apply to what is received so long afterwards. */
export const rulesApplyAfterMs = 25_000;
const firstLookMs = 5000;
const lookAgainMs = 30_000;
/** What has not arrived by then counts as lost. */
const arrivesWithinMs = 3_600_000;
const hourMs = 3_600_000;
const shortestSample = 4;

/**
 * Plants made-up personal data in each organisation once a day, through the way that clients' records come, and looks for it in the
 * tables. Nothing found is written down as proof; what is found, or does not arrive, is a finding. What was begun stands in the
 * control plane: a restart goes on, and several servers share the work.
 */
export class CanaryRunner {
  readonly #parts: CanaryParts;
  readonly #loop: BackgroundLoop;

  constructor(parts: CanaryParts) {
    this.#parts = parts;
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: lookEveryMs,
      fault: 'canaries of the scrubber could not be looked at; tried again',
      round: async () => void (await this.catchUp()),
    });
  }

  start(): void {
    this.#loop.start();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** Takes every canary that is due one step on; answers how many that were. Throws when the control plane does not answer. */
  async catchUp(): Promise<number> {
    const { scrubCanaries } = this.#parts.control;
    const begun = await scrubCanaries.beginDay(atOnce, claimMs);
    const open = await scrubCanaries.claimOpen(atOnce, claimMs);
    for (const canary of [...begun, ...open]) {
      if (this.#loop.signal.aborted) break;
      try {
        await this.#step(canary, open.includes(canary));
      } catch (error) {
        // One organisation's fault holds no other back; its claim ends by itself.
        this.#parts.logger.warn('a canary could not be taken on; tried again', { id: canary.id, error });
      }
    }
    return begun.length + open.length;
  }

  async #step(canary: ScrubCanary, again: boolean): Promise<void> {
    if (canary.state === 'begun') return this.#plant(canary, again);
    if (canary.state === 'planted') return this.#look(canary);
    return this.#tell(canary);
  }

  async #plant({ id, organisation, begunAt }: ScrubCanary, again: boolean): Promise<void> {
    const { control, clock, logger, plant, waitingSinceMs } = this.#parts;
    const now = clock.now();
    const kept = await control.scrubbing.find(organisation);
    const applyAt = kept ? Math.max(kept.ownSince, kept.updatedAt) + rulesApplyAfterMs : 0;
    if (applyAt > now) return control.scrubCanaries.later(id, applyAt);
    const rules = kept?.rules ?? untouchedScrubRules;
    const canary = canaryOf(id, rules, await this.#samples(rules), now);
    // One who died between planting and noting it: what is there already is not planted twice, and what may still be on its way is waited for.
    if (again && begunAt < now - plantedWithinMs && (waitingSinceMs() ?? Infinity) < now - plantedWithinMs)
      return control.scrubCanaries.later(id, now + lookAgainMs);
    const there = again && (await this.#find(id, organisation, begunAt, [])).some(({ rows }) => rows > 0);
    if (!there && !(await plant(organisation, canary.requests))) {
      logger.warn('a canary was not accepted and is planted later', { id });
      return control.scrubCanaries.later(id, now + lookAgainMs);
    }
    await control.scrubCanaries.planted(id, canary.values);
    await control.scrubCanaries.later(id, now + firstLookMs);
  }

  /** What the rules find in their own samples. */
  async #samples(rules: ScrubRules): Promise<Map<string, string>> {
    const samples = new Map<string, string>();
    for (const { name, pattern, sample = '' } of rules.custom) {
      if (sample === '') continue;
      const [row] = await this.#parts.store.query<{ found: string }>(
        `SELECT extractAll({sample:String}, {pattern:String})[1] AS found`,
        { sample, pattern: `(${pattern})` },
        { timeoutMs: 5000, signal: this.#loop.signal },
      );
      if (row && row.found.length >= shortestSample) samples.set(name, row.found);
    }
    return samples;
  }

  async #look(canary: ScrubCanary): Promise<void> {
    const { control, clock } = this.#parts;
    const { id, organisation, planted, plantedAt, begunAt } = canary;
    const seen = await this.#find(
      id,
      organisation,
      begunAt,
      planted.map(({ value }) => value),
    );
    const found = seen.flatMap(({ signal, found: values }) =>
      planted.filter(({ value }) => values.includes(value)).map(({ kind }) => ({ signal, kind })),
    );
    const arrived = seen.every(({ rows }) => rows > 0);
    const now = clock.now();
    if (found.length === 0 && !arrived && now - (plantedAt ?? begunAt) < arrivesWithinMs)
      return control.scrubCanaries.later(id, now + lookAgainMs);
    const state = found.length > 0 ? 'found' : arrived ? 'clean' : 'lost';
    await control.scrubCanaries.checked(id, state, found);
    await this.#tell({ ...canary, state, found });
  }

  #find(id: string, organisation: string, begunAt: number, values: readonly string[]): Promise<FoundCanary[]> {
    return findCanary(
      this.#parts.store,
      {
        organisation,
        traceId: canaryTraceId(id),
        fromMs: begunAt - hourMs,
        toMs: this.#parts.clock.now() + hourMs,
        values,
      },
      { timeoutMs: 30_000, threads: 1, signal: this.#loop.signal },
    );
  }

  async #tell(canary: ScrubCanary): Promise<void> {
    await this.#parts.findings.accept([findingOf(canary, this.#parts.clock.now())]);
    await this.#parts.control.scrubCanaries.told(canary.id);
  }
}

function findingOf({ organisation, state, found, begunAt }: ScrubCanary, nowMs: number): Finding {
  const places = [...new Set(found.map(({ signal, kind }) => `${kind} in ${signal}`))].join(', ');
  return {
    organisation,
    source: 'rule',
    sourceId: 'personal-data-canary',
    state: state === 'clean' ? 'resolved' : 'firing',
    severity: state === 'lost' ? 'medium' : 'critical',
    title: state === 'lost' ? 'The scrubber could not be proved today' : 'Personal data gets through the scrubber',
    summary:
      state === 'clean'
        ? 'Nothing of what was planted is in the tables.'
        : state === 'lost'
          ? 'Made-up personal data was planted and did not arrive in the tables within an hour.'
          : `Of the made-up data that was planted, these are in the tables: ${places}.`,
    labels: { check: 'personal-data-canary' },
    annotations: {},
    value: state === 'found' ? found.length : null,
    threshold: null,
    unit: '',
    link: '/settings?tab=personal-data',
    sinceMs: begunAt,
    atMs: nowMs,
    expiresAtMs: null,
    policy: '',
    runbook: '',
  };
}

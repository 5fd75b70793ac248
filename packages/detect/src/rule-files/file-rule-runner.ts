import { BackgroundLoop, type Clock, type Logger, reasonOf } from '@sightline/base';
import type { Control, KeptAlert } from '@sightline/control';
import type { MetricEngine } from '@sightline/query/promql';
import type { Finding, FindingSink, ReceivedSeries } from '@sightline/record';
import type { TelemetryReader } from '@sightline/store/port';
import { Gate } from '../rules/gate.ts';
import type { ActiveAlert } from './active-alert.ts';
import { askLogql } from './ask-logql.ts';
import { evaluateRule, type RuleOutcome } from './evaluate-group.ts';
import { FileRuleFigures } from './file-rule-figures.ts';
import { findingOfAlert } from './finding-of-alert.ts';
import { knowGroup, restoreGroup, tickOf, type KnownGroup } from './known-group.ts';
import type { AskInstant, SampleSink } from './ports.ts';
import { receivedSeries, staleSeries } from './rule-samples.ts';
import { RuleFilesBook } from './rule-files-book.ts';
import { ruleLanguageOf } from './rule-language.ts';

const lookEveryMs = 1000;
/** Samples are visible a moment after they were accepted: a group is evaluated so long after its time. */
const visibleAfterMs = 3000;
const groupsAtOnce = 4;
const queryTimeoutMs = 30_000;
const tellEveryMs = 5 * 60_000;
const saveEveryMs = 60_000;
const closeWithinMs = 8000;

export interface FileRuleRunnerParts {
  readonly control: Pick<Control, 'ruleFiles' | 'organisations'>;
  readonly engine: Pick<MetricEngine, 'instant'>;
  /** Answers what rules ask in LogQL. */
  readonly logs: TelemetryReader;
  readonly samples: SampleSink;
  readonly findings: FindingSink;
  /** True while this server speaks for the organisation's rules. */
  readonly holds: (organisation: string) => boolean;
  /** `--rules`: a folder or globs, joined by commas; '' for none. */
  readonly folder: string;
  /** Of groups that name none. Default a minute. */
  readonly defaultIntervalMs?: number;
  /** Where people reach this installation, for templates. */
  readonly publicUrl: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Evaluates rule files, Prometheus' and those over logs, group by group at their own intervals: recorded series and `ALERTS` are
 * written back, alerts that fire become findings. What `for` has counted survives `kill -9`, and another server takes over.
 */
export class FileRuleRunner {
  readonly #parts: FileRuleRunnerParts;
  readonly #book: RuleFilesBook;
  readonly #groups = new Map<string, KnownGroup>();
  /** Organisations whose alerts are in memory. */
  readonly #loaded = new Set<string>();
  readonly #gate = new Gate(groupsAtOnce);
  readonly #running = new Set<Promise<void>>();
  readonly #loop: BackgroundLoop;
  readonly #figures = new FileRuleFigures();
  #version = -1;

  constructor(parts: FileRuleRunnerParts) {
    this.#parts = parts;
    this.#book = new RuleFilesBook(parts);
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: lookEveryMs,
      round: () => this.look(),
      fault: (error) => parts.logger.warn('Rule files are not evaluated at the moment', { reason: reasonOf(error) }),
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Reads the folder again at once (SIGHUP); what it holds is evaluated from the next look on. */
  reload(): ReturnType<RuleFilesBook['reload']> {
    return this.#book.reload();
  }

  /** Groups of an organisation in the order of their files, for those who show them. */
  groupsOf(organisation: string): KnownGroup[] {
    return [...this.#groups.values()]
      .filter((known) => known.organisation === organisation)
      .toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
  }

  metrics(): string {
    return this.#figures.text(this.#groups.values());
  }

  /** Reads what changed and begins what is due; does not wait for evaluations. */
  async look(): Promise<void> {
    await this.#book.refresh();
    await this.#arrange();
    await this.#load();
    const nowMs = this.#parts.clock.now();
    for (const known of this.#groups.values()) {
      if (known.busy || known.rules.length === 0 || !this.#speaksFor(known)) continue;
      const tickMs = tickOf(known, nowMs - visibleAfterMs);
      if (tickMs <= known.lastTickMs) continue;
      if (known.lastTickMs > 0)
        this.#figures.missed += Math.max(0, Math.round((tickMs - known.lastTickMs) / known.intervalMs) - 1);
      known.lastTickMs = tickMs;
      known.busy = true;
      const run = this.#gate
        .run(() => this.#evaluate(known, tickMs))
        .catch((error: unknown) => {
          const { organisation, file, group } = known;
          this.#parts.logger.error('A group of rules could not be evaluated', {
            organisation,
            file,
            group: group.name,
            error,
          });
        })
        .finally(() => {
          known.busy = false;
          this.#running.delete(run);
        });
      this.#running.add(run);
    }
  }

  /** Resolves when no evaluation runs any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #speaksFor({ organisation }: KnownGroup): boolean {
    return this.#loaded.has(organisation) && this.#parts.holds(organisation);
  }

  /** Groups follow their files; what a group that went had told is over. */
  async #arrange(): Promise<void> {
    if (this.#version === this.#book.version) return;
    if ([...this.#groups.values()].some(({ busy }) => busy)) await this.settled();
    const version = this.#book.version;
    const named = new Map<string, KnownGroup>();
    for (const { organisation, name, groups } of this.#book.files())
      for (const group of groups) {
        const key = JSON.stringify([organisation, name, group.name]);
        const interval = this.#parts.defaultIntervalMs ?? 60_000;
        named.set(key, knowGroup(organisation, name, group, interval, this.#groups.get(key)));
      }
    for (const [key, known] of this.#groups) {
      const next = named.get(key);
      if (this.#speaksFor(known)) await this.#endRules(known, next);
      if (next === undefined && this.#speaksFor(known))
        await this.#parts.control.ruleFiles.forgetGroup(known.organisation, known.file, known.group.name);
    }
    this.#groups.clear();
    for (const [key, known] of named) this.#groups.set(key, known);
    // Groups that are new may have been known to another server.
    for (const known of named.values()) if (known.savedAtMs === 0) this.#loaded.delete(known.organisation);
    this.#version = version;
  }

  /** Rules that are not in the group's next form: their alerts are over, their series end. */
  async #endRules(known: KnownGroup, next: KnownGroup | undefined): Promise<void> {
    const nowMs = this.#parts.clock.now();
    const kept = new Set(next?.rules.map(({ rule }) => rule.key));
    const findings: Finding[] = [];
    const series: ReceivedSeries[] = [];
    const deleted: { rule: string; fingerprint: string }[] = [];
    for (const { rule, memory } of known.rules) {
      if (kept.has(rule.key)) continue;
      series.push(...[...memory.written.values()].map((labels) => staleSeries(labels, nowMs)));
      for (const alert of memory.alerts.values()) {
        deleted.push({ rule: rule.key, fingerprint: alert.fingerprint });
        if (rule.kind === 'alerting' && alert.state === 'firing')
          findings.push(this.#finding(known, rule, alert, 'resolved', nowMs));
      }
    }
    if (findings.length > 0) await this.#parts.findings.accept(findings);
    if (deleted.length > 0 && next !== undefined) {
      const { organisation, file, group } = known;
      const change = { file, group: group.name, atMs: known.lastTickMs, written: [], deleted };
      await this.#parts.control.ruleFiles.saveGroup(organisation, change);
    }
    await this.#write(known.organisation, series);
  }

  /** Alerts of organisations that came to this server are read, those of others forgotten. */
  async #load(): Promise<void> {
    const { holds, control, clock } = this.#parts;
    for (const organisation of new Set([...this.#groups.values()].map((known) => known.organisation))) {
      if (!holds(organisation)) this.#loaded.delete(organisation);
      else if (!this.#loaded.has(organisation)) {
        const kept = new Map(
          (await control.ruleFiles.loadGroups(organisation)).map((one) => [
            JSON.stringify([organisation, one.file, one.group]),
            one,
          ]),
        );
        for (const [key, known] of this.#groups) {
          const one = kept.get(key);
          if (one !== undefined && !known.busy && known.savedAtMs === 0) {
            restoreGroup(known, one, clock.now());
            known.savedAtMs = one.atMs;
          }
        }
        this.#loaded.add(organisation);
      }
    }
  }

  async #evaluate(known: KnownGroup, tickMs: number): Promise<void> {
    const { clock, samples, publicUrl } = this.#parts;
    const { organisation, group } = known;
    const ask = this.#asker(known);
    const startedMs = clock.now();
    const sampleMs = tickMs - group.queryOffsetMs;
    const surroundings = { externalUrl: publicUrl().replace(/\/$/u, ''), externalLabels: {} };
    let waiting: ReceivedSeries[] = [];
    for (const { rule, memory, readsEarlier } of known.rules) {
      if (this.#loop.signal.aborted || !this.#speaksFor(known)) return;
      if (readsEarlier && waiting.length > 0) {
        await this.#write(organisation, waiting);
        waiting = [];
        await samples.visible(organisation);
      }
      const began = clock.now();
      const outcome = await evaluateRule(rule, memory, group, ask, tickMs, surroundings);
      if (!this.#speaksFor(known)) return;
      await this.#commit(known, outcome, memory.alerts, tickMs);
      waiting.push(...outcome.samples.map((sample) => receivedSeries(sample, sampleMs)));
      waiting.push(...outcome.stale.map((labels) => staleSeries(labels, sampleMs)));
      memory.alerts = outcome.alerts;
      memory.written = outcome.written;
      memory.lastError = outcome.error;
      memory.lastRunMs = tickMs;
      memory.durationMs = clock.now() - began;
      this.#figures.ran(outcome, memory.durationMs);
    }
    await this.#write(organisation, waiting);
    known.lastRunMs = tickMs;
    known.durationMs = clock.now() - startedMs;
  }

  /** Tells, then saves: whoever is killed in between tells again, and telling twice changes nothing. */
  async #commit(
    known: KnownGroup,
    outcome: RuleOutcome,
    before: ReadonlyMap<string, ActiveAlert>,
    tickMs: number,
  ): Promise<void> {
    const { rule, alerts, resolved, gone } = outcome;
    if (rule.kind !== 'alerting') return;
    const nowMs = this.#parts.clock.now();
    const firing = [...alerts.values()].filter(
      ({ state, fingerprint }) =>
        state === 'firing' && nowMs - (known.told.get(`${rule.key} ${fingerprint}`) ?? -Infinity) >= tellEveryMs,
    );
    const findings = [
      ...resolved.map((alert) => this.#finding(known, rule, alert, 'resolved', nowMs)),
      ...firing.map((alert) => this.#finding(known, rule, alert, 'firing', nowMs)),
    ];
    if (findings.length > 0) await this.#parts.findings.accept(findings);
    for (const { fingerprint } of firing) known.told.set(`${rule.key} ${fingerprint}`, nowMs);
    for (const { fingerprint } of resolved) known.told.delete(`${rule.key} ${fingerprint}`);
    this.#figures.findings += findings.length;
    const written = [...alerts.values()].filter((alert) => hasMoved(alert, before.get(alert.fingerprint)));
    const due = alerts.size > 0 && nowMs - known.savedAtMs >= saveEveryMs;
    if (written.length === 0 && gone.length === 0 && !due) return;
    const { organisation, file, group } = known;
    await this.#parts.control.ruleFiles.saveGroup(organisation, {
      file,
      group: group.name,
      atMs: tickMs,
      written: written.map((alert) => keptAlert(rule.key, alert)),
      deleted: gone.map(({ fingerprint }) => ({ rule: rule.key, fingerprint })),
    });
    known.savedAtMs = nowMs;
  }

  #finding(
    known: KnownGroup,
    rule: RuleOutcome['rule'],
    alert: ActiveAlert,
    state: 'firing' | 'resolved',
    nowMs: number,
  ): Finding {
    if (rule.kind !== 'alerting') throw new Error('a recording rule has no alerts');
    const place = { file: known.file, group: known.group.name };
    return findingOfAlert(known.organisation, place, rule, alert, state, nowMs);
  }

  #asker({ organisation, file }: KnownGroup): AskInstant {
    const { engine, logs } = this.#parts;
    const { signal } = this.#loop;
    if (ruleLanguageOf(file) === 'logql') {
      const ask = askLogql(logs, { organisation, timeoutMs: queryTimeoutMs, signal });
      return (expression, atMs) => {
        this.#figures.queries++;
        return ask(expression, atMs);
      };
    }
    return async (expression, atMs) => {
      this.#figures.queries++;
      const answer = await engine.instant({
        organisation,
        expression,
        atMs,
        signal,
        bounds: { timeoutMs: queryTimeoutMs },
      });
      return answer.ok ? { ok: true, value: answer.value.value } : { ok: false, error: answer.error.message };
    };
  }

  async #write(organisation: string, series: readonly ReceivedSeries[]): Promise<void> {
    if (series.length === 0) return;
    try {
      await this.#parts.samples.write(organisation, series);
      this.#figures.samples += series.length;
    } catch (error) {
      this.#figures.lost += series.length;
      this.#parts.logger.warn('Series of rules were not written', {
        organisation,
        series: series.length,
        reason: reasonOf(error),
      });
    }
  }

  /** Stops, and lets what runs come to its end within 8 s. */
  async close(): Promise<void> {
    await this.#loop.close();
    await Promise.race([Promise.all(this.#running), this.#parts.clock.sleep(closeWithinMs)]);
  }
}

function hasMoved(alert: ActiveAlert, before: ActiveAlert | undefined): boolean {
  return (
    before === undefined ||
    before.state !== alert.state ||
    before.activeAtMs !== alert.activeAtMs ||
    before.keptSinceMs !== alert.keptSinceMs
  );
}

function keptAlert(rule: string, alert: ActiveAlert): KeptAlert {
  const { fingerprint, labels, annotations, state, activeAtMs, keptSinceMs, value } = alert;
  const number = Number.isFinite(value) ? value : null;
  return { rule, fingerprint, labels, annotations, state, activeAtMs, keptSinceMs: keptSinceMs ?? null, value: number };
}

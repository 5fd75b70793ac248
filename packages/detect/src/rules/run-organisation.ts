import { LruCache, type Clock } from '@sightline/base';
import { askBatch, type Answered, type Asking, type NoAnswer } from './ask-batches.ts';
import type { Batch } from './batch.ts';
import { Gate } from './gate.ts';
import { evaluateRule, type Change, type EvaluatedAt } from './evaluate-rules.ts';
import type { KnownRule } from './known-rule.ts';
import { planQuestions } from './plan.ts';
import { questionKey, type Answer, type Question } from './questions.ts';

/** A question that failed by itself rests so long before it is asked again, doubled each time. */
const firstRestMs = 60_000;
const longestRestMs = 15 * 60_000;
const judgedAtOnce = 500;

interface Plan {
  readonly version: string;
  readonly batches: readonly Batch[];
  readonly rare: readonly Question[];
}

/** Plans and asks for the rules of one organisation that are due together. Keeps plans, rare answers and what failed. */
export class OrganisationRuns {
  readonly #clock: Clock;
  readonly #asking: Asking;
  readonly #plans = new Map<string, Plan>();
  readonly #rareAnswers: LruCache<string, { answer: Answer; atMs: number }>;
  /** Questions that failed alone, by organisation and key. Bounded: a question that works again leaves. */
  readonly #resting: LruCache<string, { fault: NoAnswer; untilMs: number; restMs: number }>;
  /** Questions that failed before wait for each other, never before those that work. */
  readonly #suspects = new Gate(1);
  #restVersion = 0;

  constructor(clock: Clock, asking: Asking) {
    this.#clock = clock;
    this.#asking = asking;
    this.#rareAnswers = new LruCache(5000, 3_600_000, clock);
    this.#resting = new LruCache(5000, 2 * longestRestMs, clock);
  }

  /**
   * Evaluates rules and hands over the changes as answers come, so that a slow question delays no other rule. `rules` all belong to
   * `organisation`; `slot` names what is due together and `version` changes when any of them did.
   */
  async run(
    due: { organisation: string; slot: string; version: number; rules: readonly KnownRule[] },
    at: EvaluatedAt,
    onChanges: (changes: readonly Change[]) => Promise<void>,
  ): Promise<void> {
    const { organisation, rules } = due;
    const missing = new Map<KnownRule, number>();
    const askedBy = new Map<string, KnownRule[]>();
    for (const known of rules) {
      const keys = new Set(known.ready?.keys);
      missing.set(known, keys.size);
      for (const key of keys) {
        const list = askedBy.get(key);
        if (list) list.push(known);
        else askedBy.set(key, [known]);
      }
    }
    const answers = new Map<string, Answered>();
    const onAnswers = async (came: ReadonlyMap<string, Answered>): Promise<void> => {
      const complete: KnownRule[] = [];
      for (const [key, answer] of came) {
        answers.set(key, answer);
        for (const known of askedBy.get(key) ?? []) {
          const left = (missing.get(known) ?? 1) - 1;
          missing.set(known, left);
          if (left === 0) complete.push(known);
        }
      }
      await judge(complete, answers, at, onChanges);
    };
    await judge(
      rules.filter((known) => !known.ready),
      answers,
      at,
      onChanges,
    );
    const plan = this.#plan(due);
    const stale: Question[] = [];
    const known = new Map<string, Answered>();
    for (const question of plan.rare) {
      const cached = this.#rareAnswers.get(`${organisation}\n${questionKey(question)}`);
      const maxAgeMs = question.kind === 'records' ? (question.maxAgeMs ?? 0) : 0;
      if (cached && at.endMs - cached.atMs < maxAgeMs)
        known.set(questionKey(question), { ok: true, value: cached.answer });
      else stale.push(question);
    }
    await onAnswers(known);
    const batches = [...plan.batches, ...planQuestions(stale, this.#alone(organisation, stale))];
    await Promise.all(batches.map((batch) => this.#ask(organisation, batch, at, onAnswers)));
  }

  async #ask(
    organisation: string,
    batch: Batch,
    at: EvaluatedAt,
    onAnswers: (answers: ReadonlyMap<string, Answered>) => Promise<void>,
  ): Promise<void> {
    const rests = batch.answers.map((key) => this.#resting.get(`${organisation}\n${key}`));
    if (rests.every((rest) => rest !== undefined && rest.untilMs > this.#clock.now())) {
      return onAnswers(
        new Map(batch.answers.map((key, i) => [key, { ok: false, error: (rests[i] as { fault: NoAnswer }).fault }])),
      );
    }
    const asking = rests.some((rest) => rest !== undefined) ? { ...this.#asking, gate: this.#suspects } : this.#asking;
    await askBatch(batch, { organisation, endMs: at.endMs }, asking, async (came) => {
      for (const [key, answer] of came) this.#note(organisation, key, answer, at);
      await onAnswers(came);
    });
  }

  #note(organisation: string, key: string, answer: Answered, at: EvaluatedAt): void {
    const name = `${organisation}\n${key}`;
    const rest = this.#resting.get(name);
    if (answer.ok) {
      if (key.includes('"maxAgeMs"')) this.#rareAnswers.set(name, { answer: answer.value, atMs: at.endMs });
      if (!rest) return;
      this.#resting.delete(name);
    } else {
      if (answer.error.kind === 'unavailable' || answer.error.kind === 'cancelled') return;
      const restMs = Math.min(longestRestMs, rest ? rest.restMs * 2 : firstRestMs);
      this.#resting.set(name, { fault: answer.error, untilMs: this.#clock.now() + restMs, restMs });
      if (rest) return;
    }
    this.#restVersion++;
  }

  #alone(organisation: string, questions: readonly Question[]): Set<string> {
    if (this.#resting.size === 0) return new Set();
    return new Set(
      questions.map(questionKey).filter((key) => this.#resting.get(`${organisation}\n${key}`) !== undefined),
    );
  }

  #plan({
    organisation,
    slot,
    version,
    rules,
  }: {
    organisation: string;
    slot: string;
    version: number;
    rules: readonly KnownRule[];
  }): Plan {
    const name = `${organisation}\n${slot}`;
    const wanted = `${version}.${this.#restVersion}`;
    const before = this.#plans.get(name);
    if (before?.version === wanted) return before;
    const questions = rules.flatMap((known) => known.ready?.questions ?? []);
    const isRare = (question: Question): boolean => question.kind === 'records' && question.maxAgeMs !== undefined;
    const often = questions.filter((question) => !isRare(question));
    const rare = [...new Map(questions.filter(isRare).map((question) => [questionKey(question), question])).values()];
    const plan = { version: wanted, batches: planQuestions(often, this.#alone(organisation, often)), rare };
    this.#plans.set(name, plan);
    return plan;
  }

  /** Forgets the plans of organisations that are no longer watched here. */
  keepPlans(isOurs: (organisation: string) => boolean): void {
    for (const name of this.#plans.keys()) if (!isOurs(name.slice(0, name.indexOf('\n')))) this.#plans.delete(name);
  }
}

/** Judges in stretches, so that ten thousand rules do not hold up the server's other work. */
async function judge(
  rules: readonly KnownRule[],
  answers: ReadonlyMap<string, Answered>,
  at: EvaluatedAt,
  onChanges: (changes: readonly Change[]) => Promise<void>,
): Promise<void> {
  for (let i = 0; i < rules.length; i += judgedAtOnce) {
    if (i > 0) await new Promise((resolve) => setImmediate(resolve));
    const changes = rules.slice(i, i + judgedAtOnce).map((known) => {
      const given = (known.ready?.keys ?? []).map((key) => answers.get(key) ?? notAsked);
      return evaluateRule(known, given, at);
    });
    await onChanges(changes);
  }
}

const notAsked: Answered = { ok: false, error: { kind: 'bug', message: 'The question was not asked.' } };

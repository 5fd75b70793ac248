import type { Clock } from '@sightline/base';
import type { TelemetryReads } from '@sightline/query';
import type { QueryLimits } from '@sightline/store/port';
import type { Limit, Reading } from '../rule-types/define-rule-type.ts';
import { askBatch, type Answered, type NoAnswer } from './ask-batches.ts';
import type { CheckedRule } from './check-rule.ts';
import { titleOf } from './finding-of.ts';
import { Gate } from './gate.ts';
import { groupKeyOf, stepGroup, type GroupState } from './group-state.ts';
import { planQuestions } from './plan.ts';
import { questionKey, type Question } from './questions.ts';

const mostMoments = 96;
const queriesAtOnce = 2;
/** A single query may take so long. */
const queryLimitMs = 8000;
/** After this the past is cut where it was reached: somebody who writes a rule waits for it. */
const budgetMs = 4000;
const shownSeries = 8;
const shownGroups = 50;
const shownEpisodes = 100;

export interface PreviewAsked {
  readonly organisation: string;
  readonly name: string;
  readonly rule: CheckedRule;
  readonly forMs: number;
  readonly everyMs: number;
  /** How far back it looks, hours. */
  readonly hours: number;
}

export interface PreviewGroup {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly holds: boolean;
  readonly summary: string;
}
export interface PreviewEpisode {
  readonly labels: Readonly<Record<string, string>>;
  readonly title: string;
  readonly fromMs: number;
  /** null: it lasts. */
  readonly toMs: number | null;
}
export interface Preview extends Limit {
  readonly atMs: number;
  /** How far back was reached, milliseconds since the epoch. */
  readonly fromMs: number;
  readonly stepMs: number;
  /** Groups at present, the worst first, at most 50. */
  readonly now: readonly PreviewGroup[];
  readonly groups: number;
  /** The eight worst groups over time. */
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly points: readonly { at: number; value: number }[];
  }[];
  /** When it would have fired, newest first, at most 100. */
  readonly episodes: readonly PreviewEpisode[];
  readonly episodesTotal: number;
  /** What the preview could not know, in sentences. */
  readonly notes: readonly string[];
}

interface Moment {
  readonly atMs: number;
  readonly readings: readonly Reading[];
}

/**
 * Evaluates a rule now and at some hundred moments of the past, by the same questions and judgement as the runner. The newest
 * moments come first; the past is cut where 4 s are over. Answers why when it cannot be evaluated at all.
 */
export async function previewRule(
  parts: { readonly reader: TelemetryReads; readonly clock: Clock },
  asked: PreviewAsked,
  limits: QueryLimits = {},
): Promise<{ ok: true; value: Preview } | { ok: false; error: NoAnswer }> {
  const { clock } = parts;
  const reader = withoutMemory(parts.reader);
  const startedMs = clock.now();
  const { type, settings } = asked.rule;
  const questions = type.questions(settings);
  const notes: string[] = [];
  const stepMs = Math.max(asked.everyMs, Math.ceil((asked.hours * 3_600_000) / mostMoments / 1000) * 1000);
  if (asked.everyMs > type.windowMs(settings))
    notes.push('It is evaluated less often than its window is long: what happens in between is not seen.');
  const onlyNow = questions.some((question) => question.kind === 'seen');
  if (onlyNow) notes.push('When something was last heard is known of the present alone: the past is not shown.');
  const onlyNew = questions.some((question) => question.kind === 'patterns');
  if (onlyNew)
    notes.push(
      'Shown is what is new at present, twenty kinds of lines at most; what is there when the rule begins is not told.',
    );
  const count = onlyNow || onlyNew ? 1 : Math.min(mostMoments, Math.floor((asked.hours * 3_600_000) / stepMs)) + 1;
  const rare = new Map<string, Answered>();
  const gate = new Gate(queriesAtOnce);
  const read = async (atMs: number): Promise<{ moment: Moment } | { fault: NoAnswer }> => {
    const answers = new Map<string, Answered>(rare);
    const open = questions.filter((question) => !answers.has(questionKey(question)));
    const at = { organisation: asked.organisation, endMs: atMs };
    const asking = {
      reader,
      gate,
      limits: { timeoutMs: queryLimitMs, threads: 1, memoryBytes: 1e9, ...limits },
      onQuery: () => undefined,
    };
    for (const batch of planQuestions(open))
      await askBatch(batch, at, asking, (came) => {
        for (const [key, answer] of came) answers.set(key, answer);
        return Promise.resolve();
      });
    for (const question of open)
      if (isRare(question)) rare.set(questionKey(question), answers.get(questionKey(question)) as Answered);
    const given = questions.map((question) => answers.get(questionKey(question)) as Answered);
    const fault = given.find((answer) => !answer.ok);
    if (fault && !fault.ok) return { fault: fault.error };
    const values = given.flatMap((answer) => (answer.ok ? [answer.value] : []));
    if (values.some((value) => value.overflow))
      notes.push('More groups than are read at a time: those with the least records are left out.');
    return { moment: { atMs, readings: type.judge(settings, values, { endMs: atMs, watchingSinceMs: 0 }) } };
  };

  const moments: Moment[] = [];
  for (let i = 0; i < count; i++) {
    if (i > 0 && clock.now() - startedMs > budgetMs) {
      notes.push('The queries are slow: the past is shown as far as it was reached in time.');
      break;
    }
    const found = await read(startedMs - 3000 - i * stepMs);
    if ('fault' in found) {
      if (i === 0) return { ok: false, error: found.fault };
      notes.push(`The past could not be read further: ${found.fault.message}`);
      break;
    }
    moments.unshift(found.moment);
  }
  return { ok: true, value: drawn(asked, moments, stepMs, [...new Set(notes)]) };
}

/** What somebody tries out must not count as seen. */
function withoutMemory(reads: TelemetryReads): TelemetryReads {
  return {
    query: (...asked) => reads.query(...asked),
    stream: (...asked) => reads.stream(...asked),
    metrics: reads.metrics,
    ...(reads.issues && { issues: reads.issues }),
    ...(reads.feedback && { feedback: reads.feedback }),
  };
}

const isRare = (question: Question): boolean => question.kind === 'records' && question.maxAgeMs !== undefined;

function drawn(asked: PreviewAsked, moments: readonly Moment[], stepMs: number, notes: readonly string[]): Preview {
  const { type, settings } = asked.rule;
  const limit = type.limit(settings);
  const worse = limit.operator.startsWith('>') ? 1 : -1;
  const byGroup = new Map<
    string,
    { labels: Readonly<Record<string, string>>; points: { at: number; value: number }[]; worst: number }
  >();
  for (const { atMs, readings } of moments) {
    for (const { labels, value } of readings) {
      const key = groupKeyOf(labels);
      const group = byGroup.get(key) ?? { labels, points: [], worst: -Infinity };
      byGroup.set(key, group);
      group.points.push({ at: atMs, value });
      group.worst = Math.max(group.worst, worse * value);
    }
  }
  const last = moments.at(-1);
  const now = [...(last?.readings ?? [])].sort((a, b) => worse * (b.value - a.value));
  const episodes = episodesOf(asked, moments);
  return {
    ...limit,
    atMs: last?.atMs ?? 0,
    fromMs: moments[0]?.atMs ?? 0,
    stepMs,
    now: now.slice(0, shownGroups).map((reading) => ({
      labels: reading.labels,
      value: reading.value,
      holds: reading.holds,
      summary: type.summary(settings, reading),
    })),
    groups: now.length,
    series: [...byGroup.values()]
      .sort((a, b) => b.worst - a.worst)
      .slice(0, shownSeries)
      .map(({ labels, points }) => ({ labels, points })),
    episodes: episodes.toReversed().slice(0, shownEpisodes),
    episodesTotal: episodes.length,
    notes,
  };
}

/** When it would have fired: the same states as the runner's, at the moments that were looked at. */
function episodesOf(asked: PreviewAsked, moments: readonly Moment[]): PreviewEpisode[] {
  const states = new Map<string, GroupState>();
  const open = new Map<string, { labels: Readonly<Record<string, string>>; fromMs: number }>();
  const episodes: PreviewEpisode[] = [];
  const close = (key: string, toMs: number | null): void => {
    const episode = open.get(key);
    open.delete(key);
    if (episode) episodes.push({ ...episode, title: titleOf(asked.name, {}, episode.labels), toMs });
  };
  for (const { atMs, readings } of moments) {
    const byKey = new Map(readings.map((reading) => [groupKeyOf(reading.labels), reading]));
    for (const key of new Set([...byKey.keys(), ...states.keys()])) {
      const step = stepGroup(states.get(key), byKey.get(key), atMs, {
        forMs: asked.forMs,
        clearMs: 0,
        tellEveryMs: Infinity,
      });
      if ('next' in step) states.set(key, step.next);
      if (step.kind === 'firing') open.set(key, { labels: step.next.labels, fromMs: step.next.sinceMs });
      if (step.kind === 'resolved' || step.kind === 'forgotten') {
        states.delete(key);
        close(key, atMs);
      }
    }
  }
  for (const key of open.keys()) close(key, null);
  return episodes.sort((a, b) => a.fromMs - b.fromMs);
}

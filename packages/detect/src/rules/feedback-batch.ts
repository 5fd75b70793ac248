import { findFeedback, type TelemetryReads } from '@sightline/query';
import type { QueryLimits } from '@sightline/store/port';
import type { AskedAt, Batch } from './batch.ts';
import { groupOf, questionKey, type Answer, type FeedbackQuestion } from './questions.ts';

const longestMessage = 300;

/** One question about what people wrote: words and places differ too much to be asked together, and it is little. */
export class FeedbackBatch implements Batch {
  readonly answers: readonly string[];
  readonly #question: FeedbackQuestion;

  constructor(question: FeedbackQuestion) {
    this.#question = question;
    this.answers = [questionKey(question)];
  }

  async ask(reader: TelemetryReads, at: AskedAt, limits: QueryLimits): Promise<ReadonlyMap<string, Answer>> {
    const { words: q, windowMs, site, service, environment } = this.#question;
    const decisions = (await reader.feedback?.(at.organisation, at.endMs - windowMs, at.endMs)) ?? new Map();
    const asked = { q, windowMs, site, service, environment, decisions, ...at };
    const { feedback, overflow } = await findFeedback(reader, asked, limits);
    const values = new Map<string, number>();
    const details = new Map<string, string>();
    for (const one of feedback) {
      const group = groupOf([one.eventId, one.site, one.service]);
      // Reports about one error share its id: the newest is told.
      if (values.has(group)) continue;
      values.set(group, 1);
      details.set(group, `${one.name === '' ? 'Somebody' : one.name}: “${cut(one.message)}”`);
    }
    return new Map([[questionKey(this.#question), { values, details, overflow }]]);
  }

  halves(): undefined {
    return undefined;
  }
}

function cut(message: string): string {
  const line = message.replaceAll(/\s+/g, ' ').trim();
  return line.length > longestMessage ? `${line.slice(0, longestMessage)}…` : line;
}
